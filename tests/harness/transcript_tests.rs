use super::*;

/// What went wrong, outermost first.
fn failure(text: &str) -> String {
    play_text("try.rvp", text).unwrap_err().to_string()
}

const CAST: &str = "# A try.\n[client] maxb\n[client] deriks\n";

#[test]
fn a_script_that_goes_as_written_passes() {
    let story = "maxb logs on for 4h\n  receives 200 lifetime=14400\nderiks reads maxb\n  receives 207 state=offline\n";
    play_text("try.rvp", &format!("{CAST}{story}")).unwrap();
}

#[test]
fn a_sentence_that_is_none_is_named_with_its_line() {
    let text = failure(&format!("{CAST}\nmaxb dances\n"));
    assert!(
        text.contains("try.rvp:5: maxb dances") && text.contains("no sentence"),
        "{text}"
    );
}

#[test]
fn an_answer_that_is_another_is_named_with_its_line() {
    let text = failure(&format!("{CAST}deriks reads maxb\n  receives 207 state=busy\n"));
    assert!(
        text.contains("try.rvp:5: receives 207 state=busy") && text.contains("offline"),
        "{text}"
    );
    let text = failure(&format!("{CAST}deriks types to maxb\n"));
    assert!(
        text.contains("try.rvp:4") && text.contains("the answer was 412"),
        "{text}"
    );
}

#[test]
fn what_was_heard_and_is_not_mentioned_fails_the_script() {
    let story = "maxb logs on\nderiks says \"x\" to maxb\n";
    assert!(failure(&format!("{CAST}{story}")).contains("heard what the script does not mention"));
    let story = "maxb logs on\nderiks says \"x\" to maxb\nmaxb hears nothing\n";
    let text = failure(&format!("{CAST}{story}"));
    assert!(
        text.contains("try.rvp:6: maxb hears nothing") && text.contains("\"x\""),
        "{text}"
    );
    let story = "maxb logs on\nderiks says \"x\" to maxb\nmaxb hears \"y\" from deriks\n";
    assert!(failure(&format!("{CAST}{story}")).contains("it heard"));
}

#[test]
fn a_change_that_was_heard_and_is_denied_fails_the_script() {
    let begin = "maxb logs on\nderiks logs on\nderiks subscribes to maxb for 1h\n";
    let story = format!("{CAST}{begin}maxb sets state=busy for 20m\nderiks hears nothing\n");
    let text = failure(&story);
    assert!(
        text.contains("try.rvp:8: deriks hears nothing") && text.contains("Busy"),
        "{text}"
    );
    let story = format!(
        "{CAST}{begin}deriks hears nothing\nmaxb sets state=busy for 20m\nderiks is notified maxb state=away\n"
    );
    let text = failure(&story);
    assert!(text.contains("try.rvp:9") && text.contains("Busy"), "{text}");
}

#[test]
fn what_goes_wrong_at_an_attached_client_fails_the_script() {
    const CAST: &str = "# A try.\n[attached] alice\n[client] deriks\n";
    for (story, expected) in [
        ("alice dances\n", "no sentence"),
        (
            "alice says \"x\" to nobody@im.example.com\n",
            "it is not attached",
        ),
        (
            "alice attaches\nderiks says \"x\" to alice\n",
            "was told what the script does not mention",
        ),
        (
            "alice attaches\nderiks says \"x\" to alice\nalice hears nothing\n",
            "try.rvp:6: alice hears nothing",
        ),
        (
            "alice attaches\nderiks says \"x\" to alice\nalice hears \"y\" from deriks\n",
            "it heard",
        ),
        (
            "alice attaches\nalice says \"x\" to nobody@im.example.com\n",
            "NobodyThere",
        ),
        (
            "alice attaches\nalice says \"x\" to deriks\n  receives delivered\n",
            "try.rvp:6: receives delivered",
        ),
        (
            "alice attaches\nalice watches deriks\n  receives watching state=busy\n",
            "state is offline, not busy",
        ),
        (
            "alice attaches\nalice watches deriks\nderiks logs on\nderiks sets state=busy for 1h\nalice hears nothing\n",
            "try.rvp:8: alice hears nothing",
        ),
        (
            "alice attaches\nalice watches deriks\nderiks logs on\nderiks sets state=busy for 1h\n\
             alice is notified deriks state=away\n",
            "try.rvp:8: alice is notified deriks state=away",
        ),
        (
            "alice attaches\nderiks logs on\nalice says \"x\" to deriks formatted bold\n\
             deriks hears \"x\" from alice formatted \"FN=Tahoma; EF=; CO=0; CS=0; PF=22\"\n",
            "try.rvp:7",
        ),
    ] {
        let text = failure(&format!("{CAST}{story}"));
        assert!(text.contains(expected), "{story}: {text}");
    }
}

#[test]
fn a_request_whose_answer_is_not_mentioned_fails_the_script() {
    let story = "maxb logs on\nmaxb holds its answers\nderiks begins to say \"x\" to maxb\nmaxb lets go\nmaxb hears \"x\" from deriks\n";
    assert!(failure(&format!("{CAST}{story}")).contains("a request was begun"));
}

#[test]
fn a_script_that_cannot_be_read_is_named_with_its_line() {
    for (text, expected) in [
        ("maxb logs on\n", "begin with a comment"),
        ("# A.\n[client] maxb like icq\nmaxb logs on\n", "try.rvp:2"),
        ("# A.\n[member] home-1 [tavern] x\nmaxb logs on\n", "try.rvp:2"),
        ("# A.\n[client] maxb\n", "nothing happens"),
        ("# A.\n  receives 200\n", "try.rvp:2"),
        ("# A.\n[client] maxb\nmaxb logs on\n  and so on\n", "try.rvp:4"),
        (
            "# A.\n[client] maxb\nmaxb logs on\n[client] deriks\n",
            "try.rvp:4",
        ),
        ("# A.\n[client] maxb\nmaxb says \"x\n", "try.rvp:3"),
    ] {
        let failure = failure(text);
        assert!(failure.contains(expected), "{failure}");
    }
}
