use super::super::outbox::Client;
use super::*;
use proto::ClientLogin;
use rvp::Principal;
use rvp::{PresenceState, Property, Reach, SubscriptionId};

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

fn change(version: u64, properties: Vec<Property>) -> Arc<Change> {
    Arc::new(Change {
        presentity: person("alice"),
        properties,
        version,
    })
}

fn busy(version: u64) -> Arc<Change> {
    change(version, vec![Property::State(PresenceState::Busy)])
}

/// The same of somebody else.
fn busy_too(number: u32) -> Arc<Change> {
    Arc::new(Change {
        presentity: person(&format!("person{number}")),
        ..Change::clone(&busy(1))
    })
}

fn name(version: u64) -> Arc<Change> {
    change(version, vec![Property::DisplayName("Alice".to_owned())])
}

fn both(version: u64) -> Arc<Change> {
    let properties = [busy(version), name(version)].map(|each| each.properties.clone());
    change(version, properties.concat())
}

fn client(number: u32) -> Client {
    listening(number, 1)
}

fn listening(number: u32, login: u32) -> Client {
    let login = ClientLogin {
        principal: Principal::from_address("bob@im.example.com").unwrap(),
        login: SubscriptionId::new(login).unwrap(),
        reach: Reach::parse(&format!("http://192.0.2.1:1/{number}")).unwrap(),
    };
    Client { login, since: 1 }
}

#[tokio::test(start_paused = true)]
async fn what_was_handed_over_long_ago_is_forgotten() {
    let recent = Recent::default();
    recent.put("r-1", &busy(3), &[client(1)]);
    tokio::time::advance(KEPT).await;
    assert_eq!(recent.news(&busy(2), &[client(1)]), []);
    recent.put("r-1", &name(4), &[client(1)]);
    tokio::time::advance(Duration::from_secs(1)).await;
    recent.put("r-2", &name(5), &[client(2)]);
    assert_eq!(recent.on("r-1"), [(name(4), vec![client(1)])]);
    assert_eq!(recent.news(&busy(2), &[client(1)]).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_bounded() {
    let recent = Recent::default();
    for number in 1..=2 * u32::try_from(KEPT_MAX).unwrap() + 7 {
        recent.put("r-1", &busy_too(number), &[client(number)]);
    }
    let kept = recent.on("r-1");
    assert_eq!(kept.len(), KEPT_MAX + 7, "the newest, and never twice as many");
    assert!(kept.iter().all(|(_, each)| *each != [client(1)]));
}

#[tokio::test(start_paused = true)]
async fn what_many_are_handed_at_once_is_bounded() {
    const MANY: u32 = 10_000;
    let recent = Recent::default();
    let many: Vec<u32> = (0..MANY).collect();
    for number in 0..40 {
        recent.put("r-1", &busy_too(number), &many);
        let kept: usize = recent.on("r-1").iter().map(|(_, many)| many.len()).sum();
        assert!(kept <= 2 * KEPT_MAX);
        assert!(kept >= (KEPT_MAX - many.len()).min((1 + number as usize) * many.len()));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_for_long_when_nobody_is_told_anything_any_more() {
    let recent = Recent::default();
    recent.put_last("r-1", &busy(1), &[client(1)]);
    let holds = || {
        let state = recent.lock();
        [state.handed.len(), state.recipients.len(), state.last.len()]
    };
    for held in [1, 0] {
        assert_eq!(holds(), [held; 3]);
        tokio::time::advance(KEPT + Duration::from_millis(1)).await;
        recent.forget();
    }
    assert_eq!(holds(), [0; 3]);
}

/// A storm of a moment ago is not held for those that come later.
#[tokio::test(start_paused = true)]
async fn what_is_old_is_forgotten_while_more_is_handed_over() {
    let recent = Recent::default();
    for number in 0..100 {
        recent.put_last("r-1", &busy_too(number), &[client(number)]);
    }
    let mut held = Vec::new();
    for number in 100..116 {
        tokio::time::advance(Duration::from_secs(1)).await;
        recent.put_last("r-1", &busy_too(number), &[client(number)]);
        let state = recent.lock();
        held.push(state.handed.len());
        assert_eq!(state.last.len(), state.handed.len());
    }
    assert_eq!(held[..11], std::array::from_fn::<_, 11, _>(|more| 101 + more));
    assert!(held[11..].iter().all(|held| (10..=12).contains(held)), "{held:?}");
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_is_told_again_and_by_the_last_router_only() {
    let recent = Recent::default();
    recent.put_last("r-1", &busy(1), &[client(1)]);
    recent.put_last("r-1", &name(2), &[client(1)]);
    recent.put_last("r-2", &busy(3), &[client(1)]);
    assert_eq!(recent.on("r-1"), [(name(2), vec![client(1)])]);
    assert_eq!(recent.on("r-2"), [(busy(3), vec![client(1)])]);
    assert_eq!(recent.way_of(&client(1)).as_deref(), Some("r-2"));
    tokio::time::advance(KEPT + Duration::from_millis(1)).await;
    assert_eq!(recent.way_of(&client(1)), None);
}

#[tokio::test(start_paused = true)]
async fn the_last_way_is_known_also_when_it_was_long_ago_for_others() {
    let recent = Recent::default();
    let clients = [client(1), client(2)];
    recent.put_last("r-1", &busy(1), &clients);
    tokio::time::advance(KEPT / 2).await;
    recent.put_last("r-2", &busy_too(1), &clients[..1]);
    tokio::time::advance(KEPT / 2 + Duration::from_millis(1)).await;
    // With that the next generation begins.
    recent.put("r-3", &busy_too(2), &clients);
    let ways = clients.each_ref().map(|each| recent.way_of(each));
    assert_eq!(ways.each_ref().map(Option::as_deref), [Some("r-2"), None]);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_to_some_replaces_for_these_what_was_told_to_more() {
    let recent = Recent::default();
    let clients = [1, 2, 3].map(client);
    recent.put("r-1", &both(1), &clients);
    recent.put("r-2", &name(2), &[client(0), client(2)]);
    let told = |clients: &[u32]| clients.iter().map(|each| client(*each)).collect::<Vec<_>>();
    assert_eq!(
        recent.on("r-1"),
        [(both(1), told(&[1, 3])), (busy(1), told(&[2]))]
    );
    assert_eq!(
        recent.news(&name(1), &clients),
        [(name(1), told(&[1, 3]))],
        "not for whom something newer was told"
    );
    recent.put("r-3", &both(3), &clients);
    assert_eq!(recent.on("r-1"), []);
    assert_eq!(recent.on("r-2"), [(name(2), told(&[0]))]);
}

/// The order of what is told again must not depend on where a map has it.
#[tokio::test(start_paused = true)]
async fn what_was_handed_over_first_is_told_again_first() {
    let recent = Recent::default();
    for number in 0..20 {
        tokio::time::advance(Duration::from_millis(u64::from(number / 10))).await;
        recent.put("r-1", &busy_too(number % 10), &[client(number)]);
    }
    let numbers = |names: Vec<u32>| names.into_iter().map(busy_too).collect::<Vec<_>>();
    let again: Vec<_> = recent.on("r-1").into_iter().map(|(change, _)| change).collect();
    assert_eq!(again, numbers((0..10).chain(0..10).collect()));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_logged_on_again_is_the_same_client() {
    let recent = Recent::default();
    recent.put("r-1", &busy(1), &[listening(1, 7)]);
    recent.put("r-2", &busy(2), &[listening(1, 8)]);
    assert_eq!(recent.on("r-1"), []);
    assert_eq!(recent.news(&busy(1), &[listening(1, 9)]), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_what_a_client_was_handed_is_no_news() {
    let recent = Recent::default();
    recent.put("r-1", &busy(3), &[client(1)]);
    let clients = [client(1), client(2)];
    assert_eq!(
        recent.news(&both(2), &clients),
        [(name(2), vec![client(1)]), (both(2), vec![client(2)])]
    );
    assert_eq!(recent.news(&busy(2), &clients), [(busy(2), vec![client(2)])]);
    assert_eq!(recent.news(&busy(3), &[client(1)]).len(), 1, "tried again");
    assert_eq!(recent.news(&busy(4), &[client(1)]).len(), 1);
}

/// What is held for a while of what somebody's twenty contacts have been: those who are told one change have it in
/// common.
#[tokio::test(start_paused = true)]
async fn what_people_were_told_takes_little_memory() {
    const PEOPLE: u32 = 100;
    let people: Vec<Principal> = (0..PEOPLE)
        .map(|number| person(&format!("person{number:03}")))
        .collect();
    let clients: Vec<Client> = (0..PEOPLE).map(|number| client(100 + number)).collect();
    let (homes, routers) = (Recent::default(), Recent::default());
    for number in 0..PEOPLE {
        let change = Arc::new(Change {
            presentity: people[number as usize].clone(),
            ..Change::clone(&busy(1))
        });
        let mut told: Vec<usize> = (1..=20).map(|next| ((number + next) % PEOPLE) as usize).collect();
        told.sort_unstable();
        let watchers: Vec<Principal> = told.iter().map(|each| people[*each].clone()).collect();
        let reached: Vec<Client> = told.iter().map(|each| clients[*each].clone()).collect();
        homes.put("home-1", &change, &watchers);
        routers.put_last("r-1", &change, &reached);
    }
    let told: usize = routers.on("r-1").iter().map(|(_, told)| told.len()).sum();
    assert_eq!(told, 20 * people.len());
    let freed = -allocation_counter::measure(|| drop((homes, routers))).bytes_current;
    let each = freed / i64::from(PEOPLE);
    println!("{each} octets of what somebody with twenty contacts was told");
    assert!((2 * 20 * 8..=TOLD_MAX).contains(&each), "{each}");
}

const TOLD_MAX: i64 = 905;
