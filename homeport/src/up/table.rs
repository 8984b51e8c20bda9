//! What runs where, for people.

use super::cluster::Cluster;
use crate::output::Output;
use topologies::Topology;

/// Prints one line for each role; `scheme` is what clients of routers speak.
pub(super) fn print(output: &Output, topology: &Topology, cluster: &Cluster, scheme: &str) {
    let mut rows = Vec::new();
    let place = |place: &Option<String>| place.clone().unwrap_or_default();
    for (role, router) in topology.routers.iter().zip(&cluster.routers) {
        let row = [
            "router",
            &role.name,
            &place(&role.node),
            &place(&role.failure_zone),
            &role.zone,
            &format!("{scheme}://{}", router.address()),
        ];
        rows.push(row.map(str::to_owned).to_vec());
    }
    for (role, home) in topology.homes.iter().zip(&cluster.homes) {
        let row = [
            "home server",
            &role.name,
            &place(&role.node),
            &place(&role.failure_zone),
            &role.zone,
            &format!("link {}", home.address()),
        ];
        rows.push(row.map(str::to_owned).to_vec());
    }
    let admin = ["admin", "", "", "", "", &format!("http://{}", cluster.admin)];
    rows.push(admin.map(str::to_owned).to_vec());
    heading(output, topology);
    output.table(
        &["role", "name", "node", "failure zone", "zone", "address"],
        &rows,
    );
}

/// Prints which topology it is and whom it serves.
pub(super) fn heading(output: &Output, topology: &Topology) {
    output.line(&format!("topology {}: {}", topology.name, topology.summary));
    for domain in &topology.domains {
        output.line(&format!("people of {} are NAME@{}", domain.name, domain.im_host));
    }
}
