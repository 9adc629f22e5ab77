//! The findings, and how they are printed.

use std::process::ExitCode;

use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::text::{printable, printable_json};

/// One line of the report.
struct Finding {
    /// What was looked at.
    check: &'static str,
    outcome: Outcome,
}

enum Outcome {
    /// It works, and this is what was found.
    Passed(String),
    /// It does not work: what is wrong, and what to do.
    Failed { exit: Exit, wrong: String, remedy: String },
    /// It was not checked, for this reason.
    Skipped(String),
}

/// All lines, in their order.
#[derive(Default)]
pub struct Report(Vec<Finding>);

impl Report {
    pub fn pass(&mut self, check: &'static str, what: impl Into<String>) {
        self.0.push(Finding { check, outcome: Outcome::Passed(what.into()) });
    }

    pub fn fail(&mut self, check: &'static str, exit: Exit, wrong: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding { check, outcome: Outcome::Failed { exit, wrong: wrong.into(), remedy: remedy.into() } });
    }

    /// A failure of another command, whose sentence holds the remedy, too.
    pub fn fail_as(&mut self, check: &'static str, failure: &Failure) {
        let (wrong, remedy) = split(&failure.to_string());
        self.fail(check, failure.exit, wrong, remedy);
    }

    pub fn skip(&mut self, check: &'static str, why: impl Into<String>) {
        self.0.push(Finding { check, outcome: Outcome::Skipped(why.into()) });
    }

    /// Lines for people.
    pub fn text(&self) -> String {
        let line = |Finding { check, outcome }: &Finding| {
            let (mark, said) = match outcome {
                Outcome::Passed(what) => ("ok", what.clone()),
                Outcome::Failed { wrong, remedy, .. } if remedy.is_empty() => ("FAILED", wrong.clone()),
                Outcome::Failed { wrong, remedy, .. } => ("FAILED", format!("{wrong}; {remedy}")),
                Outcome::Skipped(why) => ("skipped", why.clone()),
            };
            format!("{mark:<8}{check:<13}{}\n", printable(&said))
        };
        self.0.iter().map(line).collect()
    }

    /// The same as one line of JSON.
    pub fn json(&self) -> String {
        let object = |Finding { check, outcome }: &Finding| match outcome {
            Outcome::Passed(what) => json!({ "check": check, "status": "passed", "message": what }),
            Outcome::Failed { wrong, remedy, .. } => {
                json!({ "check": check, "status": "failed", "message": wrong, "remedy": remedy })
            }
            Outcome::Skipped(why) => json!({ "check": check, "status": "skipped", "message": why }),
        };
        let passed = self.first_fault().is_none();
        let report = json!({ "passed": passed, "checks": self.0.iter().map(object).collect::<Vec<_>>() });
        format!("{}\n", printable_json(&report.to_string()))
    }

    pub fn status(&self) -> ExitCode {
        self.first_fault().map_or(ExitCode::SUCCESS, Exit::into)
    }

    fn first_fault(&self) -> Option<Exit> {
        self.0.iter().find_map(|finding| match finding.outcome {
            Outcome::Failed { exit, .. } => Some(exit),
            _ => None,
        })
    }
}

/// What is wrong, and what to do about it: the command's own sentences have a colon or a semicolon between the two.
fn split(sentence: &str) -> (String, String) {
    // What AWS said is in parentheses.
    let own = sentence.split('(').next().unwrap_or(sentence);
    let at = [": ", "; "].iter().filter_map(|mark| own.find(mark)).min();
    match at {
        Some(at) => (sentence[..at].to_owned(), sentence[at + 2..].to_owned()),
        None => (sentence.to_owned(), String::new()),
    }
}
