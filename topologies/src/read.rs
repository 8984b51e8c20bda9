//! Reads the sections of a topology file. One function per section, each key once.

use crate::name::{self, Qualified};
use crate::problem::{Problem, Wrong};
use crate::section::{Lines, Placed, Section, Sections};
use crate::value::{
    age, call_backs, choice, listen, number, origins, part, proxies, retention, schemes, sentence, size,
    text, yes_or_no,
};
use crate::{
    Archive, CallBacks, ClientTls, Domain, HomeRole, Limits, Membership, Offline, Population, Profile,
    RouterRole, Scheme, Store, Topology, Trust, Zone,
};
use toml::de::{DeTable, DeValue};

/// The hard caps that no file may raise.
pub(crate) const CAPS: Limits = Limits {
    home_cap: 10_000,
    router_cap: 20_000,
};

/// Messages that may wait for one person, at most: a home server has the headers of all in memory.
const KEPT_MAX: u32 = 10_000;

/// What the sections of a file say, before they are checked against each other.
pub(crate) struct Draft {
    pub(crate) head: Option<Head>,
    pub(crate) population: Option<Placed<Population>>,
    pub(crate) limits: Option<Limits>,
    pub(crate) zones: Sections<Zone>,
    pub(crate) domains: Sections<Domain>,
    pub(crate) routers: Sections<RouterRole>,
    pub(crate) homes: Sections<HomeRole>,
    pub(crate) lines: Lines,
}

/// The keys above all sections.
pub(crate) struct Head {
    name: String,
    summary: String,
    pub(crate) profile: Profile,
    membership: Membership,
    store: Store,
}

impl Draft {
    /// The topology, if every section could be read.
    pub(crate) fn into_topology(self) -> Option<Topology> {
        let head = self.head?;
        Some(Topology {
            name: head.name,
            summary: head.summary,
            profile: head.profile,
            population: self.population?.value,
            limits: self.limits?,
            zones: values(self.zones),
            domains: values(self.domains),
            routers: values(self.routers),
            homes: values(self.homes),
            membership: head.membership,
            store: head.store,
        })
    }
}

fn values<T>(sections: Sections<T>) -> Vec<T> {
    sections.all.into_iter().map(|placed| placed.value).collect()
}

/// Reads a file that is TOML, and notes all that is wrong with its keys and values.
pub(crate) fn read(text: &str, table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Option<Draft> {
    Section::whole(text, table, problems)
        .finish(|file| Some(draft(file)))
        .map(|placed| placed.value)
}

fn draft(file: &mut Section<'_, '_>) -> Draft {
    let (head, profile) = head(file);
    let qualified = match profile {
        Some(Profile::Production) => Qualified::Must,
        // With a profile that cannot be read, nobody knows what is demanded.
        Some(Profile::Lab) | None => Qualified::May,
    };
    let population = file.one("population", population);
    if matches!(population, Some(None)) {
        let remedy = "write `[population]` with `users` and `peak_online`";
        file.wrong("population", Wrong::new("is missing", remedy));
    }
    let limits = file
        .one("limits", limits)
        .map(|placed| placed.map_or(CAPS, |placed| placed.value));
    let home_cap = limits.unwrap_or(CAPS).home_cap;
    Draft {
        head,
        population: population.flatten(),
        limits,
        zones: file.each("zone", zone),
        domains: file.each("domain", |section| domain(section, qualified)),
        routers: file.each("router", router),
        homes: file.each("home", |section| home(section, home_cap)),
        lines: file.lines(),
    }
}

/// The head, and its profile even where something else in the head is wrong.
fn head(file: &mut Section<'_, '_>) -> (Option<Head>, Option<Profile>) {
    let name = file.required("name", "\"my-cluster\"", label);
    let summary = file.required("summary", "\"what this cluster is\"", sentence);
    let profiles = [("production", Profile::Production), ("lab", Profile::Lab)];
    let profile = file.optional("profile", |value| choice(value, &profiles), Profile::Production);
    let memberships = [("embedded", Membership::Embedded), ("etcd", Membership::Etcd)];
    let membership = file.optional(
        "membership",
        |value| choice(value, &memberships),
        Membership::Embedded,
    );
    let store = file.optional(
        "store",
        |value| choice(value, &[("sqlite", Store::Sqlite), ("postgres", Store::Postgres)]),
        Store::Sqlite,
    );
    let head = || {
        Some(Head {
            name: name?,
            summary: summary?,
            profile: profile?,
            membership: membership?,
            store: store?,
        })
    };
    (head(), profile)
}

fn population(section: &mut Section<'_, '_>) -> Option<Population> {
    let users = section.required("users", "5_000", |value| number(value, 1..=u32::MAX));
    let peak_online = section.required("peak_online", "0.5", part);
    Some(Population {
        users: users?,
        peak_online: peak_online?,
    })
}

fn limits(section: &mut Section<'_, '_>) -> Option<Limits> {
    let home_cap = section.optional(
        "home_cap",
        |value| number(value, 1..=CAPS.home_cap),
        CAPS.home_cap,
    );
    let router_cap = section.optional(
        "router_cap",
        |value| number(value, 1..=CAPS.router_cap),
        CAPS.router_cap,
    );
    Some(Limits {
        home_cap: home_cap?,
        router_cap: router_cap?,
    })
}

fn zone(section: &mut Section<'_, '_>) -> Option<Zone> {
    let name = section.required("name", "\"access\"", label);
    let trusts = [("none", Trust::None), ("inside", Trust::Inside)];
    let trust = section.required("trust", "\"inside\"", |value| choice(value, &trusts));
    Some(Zone {
        name: name?,
        trust: trust?,
    })
}

fn domain(section: &mut Section<'_, '_>, qualified: Qualified) -> Option<Domain> {
    let name = section.required("name", "\"example.com\"", |value| {
        name::host(text(value)?, qualified)
    });
    let im_host = section.optional(
        "im_host",
        |value| name::host(text(value)?, qualified).map(Some),
        None,
    );
    let nt_domain = section.optional("nt_domain", |value| name::nt_domain(text(value)?).map(Some), None);
    let offline = section.within("offline", "domain.offline", offline);
    let archive = section.within("archive", "domain.archive", archive);
    let (name, im_host, nt_domain) = (name?, im_host?, nt_domain?);
    let im_host = im_host.unwrap_or_else(|| format!("im.{name}"));
    let nt_domain = nt_domain.unwrap_or_else(|| name::default_nt_domain(&name));
    Some(Domain {
        name,
        im_host,
        nt_domain,
        offline: offline?.map(|placed| placed.value).unwrap_or_default(),
        archive: archive?.map(|placed| placed.value).unwrap_or_default(),
    })
}

/// A section that is there is meant to turn the archive on.
fn archive(section: &mut Section<'_, '_>) -> Option<Archive> {
    let on = section.optional("on", yes_or_no, true);
    let retention = section.optional("retention", |value| retention(value).map(Some), None);
    Some(Archive {
        on: on?,
        retention: retention?,
    })
}

fn offline(section: &mut Section<'_, '_>) -> Option<Offline> {
    let usual = Offline::default();
    let keep = section.optional("keep", yes_or_no, usual.keep);
    let count = section.optional("count", |value| number(value, 1..=KEPT_MAX), usual.count);
    let bytes = section.optional("bytes", size, usual.bytes);
    let age = section.optional("age", age, usual.age);
    Some(Offline {
        keep: keep?,
        count: count?,
        bytes: bytes?,
        age: age?,
    })
}

fn router(section: &mut Section<'_, '_>) -> Option<RouterRole> {
    let name = section.required("name", "\"router-1\"", label);
    let zone = section.required("zone", "\"access\"", label);
    let node = section.optional("node", |value| label(value).map(Some), None);
    let failure_zone = section.optional("failure_zone", |value| label(value).map(Some), None);
    let listen = section.optional("listen", |value| listen(value).map(Some), None);
    let schemes = section.optional("schemes", schemes, vec![Scheme::Ntlm, Scheme::Digest]);
    let call_backs = section.optional("call_backs", call_backs, CallBacks::Off);
    let places = [
        ("off", ClientTls::Off),
        ("router", ClientTls::Router),
        ("proxy", ClientTls::Proxy),
    ];
    let tls = section.optional("tls", |value| choice(value, &places), ClientTls::Off);
    let proxies = section.optional("proxies", proxies, Vec::new());
    let origins = section.optional("origins", origins, Vec::new());
    let (schemes, call_backs) = (schemes?, call_backs?);
    Some(RouterRole {
        tls: tls?,
        proxies: proxies?,
        origins: origins?,
        name: name?,
        zone: zone?,
        node: node?,
        failure_zone: failure_zone?,
        listen: listen?,
        schemes,
        call_backs,
    })
}

fn home(section: &mut Section<'_, '_>, home_cap: u32) -> Option<HomeRole> {
    let name = section.required("name", "\"home-1\"", label);
    let zone = section.required("zone", "\"core\"", label);
    let node = section.optional("node", |value| label(value).map(Some), None);
    let failure_zone = section.optional("failure_zone", |value| label(value).map(Some), None);
    let capacity = section.optional("capacity", |value| number(value, 1..=home_cap), home_cap);
    Some(HomeRole {
        name: name?,
        zone: zone?,
        node: node?,
        failure_zone: failure_zone?,
        capacity: capacity?,
    })
}

fn label(value: &DeValue<'_>) -> Result<String, Wrong> {
    name::label(text(value)?)
}
