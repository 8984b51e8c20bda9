//! What a client does next, in the words of the documents.

use attachment::Next;

pub(crate) fn described(next: Next) -> &'static str {
    match next {
        Next::Nothing => "nothing",
        Next::Resume => "resume",
        Next::LogOn => "log on",
        Next::AskPassword => "ask for the password",
        Next::GiveUp => "give up",
    }
}
