//! Which key opens an envelope: the header, the keys allowed, what they give back, the authenticated header.

use kmseal::{
    Answer, Candidate, Code, EncryptionAlgorithm, EncryptionContext, Header, Locked, Operation, Request, Unlocked,
};

use crate::aws::errors::failure;
use crate::aws::kms::Kms;
use crate::envelope::names::sealed_for_others;
use crate::envelope::opener_keys::{Allowed, OpenerKeys, RawKey};
use crate::failure::{Exit, Failure, Result};

/// Answers that are kept while the command runs, for files that were sealed under the same data key or by the same sender.
const REMEMBERED: usize = 100;

/// Why there is no answer to a request.
enum Unanswered {
    /// What KMS refused, in a sentence.
    Kms(String),
    /// A raw key does not decrypt it.
    Raw,
}

/// What finds the key of envelopes.
pub struct Unlocker {
    kms: Option<Kms>,
    opener_keys: OpenerKeys,
    algorithm: EncryptionAlgorithm,
    pub expected: EncryptionContext,
    answers: Vec<(Request, Answer)>,
}

impl Unlocker {
    /// `kms` is needed if one of the keys is there.
    pub fn new(
        kms: Option<Kms>,
        opener_keys: OpenerKeys,
        algorithm: EncryptionAlgorithm,
        expected: EncryptionContext,
    ) -> Self {
        Self { kms, opener_keys, algorithm, expected, answers: Vec::new() }
    }

    /// Whether the envelope decides which key is used.
    pub fn lets_envelopes_choose(&self) -> bool {
        !matches!(self.opener_keys.allowed, Allowed::Listed(_))
    }

    /// Gets the data key back, through KMS or with an own key, and authenticates the header with it. Returns the name of the key
    /// that was used.
    pub fn unlock(&mut self, header: Header) -> Result<(Unlocked, String)> {
        let usable = self.opener_keys.usable(&header, self.kms.as_mut())?;
        let others = sealed_for_others(&header, &self.opener_keys.allowed);
        let locked = Locked::new(header, &self.expected)?;
        let candidates = match locked.candidates(&usable.keys) {
            Err(error) if error.code() == Code::NoMatchingKey && usable.unknown.is_empty() => return Err(others),
            Err(error) if error.code() == Code::NoMatchingKey => return Err(failure(&usable.unknown)),
            candidates => candidates?,
        };
        let mut refused = usable.unknown;
        let mut wrong = Vec::new();
        for candidate in self.known_first(candidates) {
            let Request { key, .. } = candidate.request;
            let answer = match self.answer(&candidate.request) {
                Ok(answer) => answer,
                Err(Unanswered::Kms(sentence)) => {
                    refused.push((usable.names[key].clone(), sentence));
                    continue;
                }
                Err(Unanswered::Raw) => {
                    wrong.push(not_unwrapped());
                    continue;
                }
            };
            match locked.unlock(&candidate, &answer) {
                Ok(unlocked) => {
                    self.remember(candidate.request, answer);
                    return Ok((unlocked, usable.names[key].clone()));
                }
                Err(error) if candidate.is_final() => return Err(error.into()),
                Err(_) if candidate.request.operation == Operation::Unwrap => wrong.push(not_unwrapped()),
                // KMS answers for any sender and any ciphertext, so another entry may still be the right one.
                Err(error) => wrong.push(error.into()),
            }
        }
        Err(all_of(&refused, &wrong))
    }

    /// What is known already comes first: it helps even if KMS does not answer for an earlier key.
    fn known_first(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        candidates.sort_by_key(|candidate| !self.answers.iter().any(|(request, _)| *request == candidate.request));
        candidates
    }

    /// The known answer to a request, or that of KMS or of an own key.
    fn answer(&mut self, request: &Request) -> std::result::Result<Answer, Unanswered> {
        if let Some(at) = self.answers.iter().position(|(known, _)| known == request) {
            return Ok(self.answers.remove(at).1);
        }
        match (request.operation, &mut self.kms) {
            (Operation::Unwrap, _) => unwrap(self.opener_keys.raw.get(request.key), request).ok_or(Unanswered::Raw),
            (_, Some(kms)) => kms.perform(request, self.algorithm).map_err(Unanswered::Kms),
            (_, None) => Err(Unanswered::Kms("KMS was not asked".to_owned())),
        }
    }

    fn remember(&mut self, request: Request, answer: Answer) {
        if self.answers.len() == REMEMBERED {
            self.answers.remove(0);
        }
        self.answers.push((request, answer));
    }
}

fn unwrap(key: Option<&RawKey>, request: &Request) -> Option<Answer> {
    let RawKey { public, private } = key?;
    let data_key = private.decrypt(public.hash(), &request.input)?;
    request.accept(None, None, &data_key).ok()
}

/// The failure of a raw key: one for all that can be wrong, as RFC 8017 asks for.
fn not_unwrapped() -> Failure {
    let sentence = "this private key does not open the envelope: it was altered, or sealed for another key of this name, hash or encryption \
        context (ERR_AUTHENTICATION)";
    Failure::new(Exit::Envelope, sentence)
}

/// Each failure is reported. What KMS says may pass, or be mended, so its status stands before that of an altered envelope.
fn all_of(refused: &[(String, String)], wrong: &[Failure]) -> Failure {
    let of_kms = (!refused.is_empty()).then(|| failure(refused));
    let mut lines: Vec<String> = Vec::new();
    for line in of_kms.iter().chain(wrong).map(Failure::to_string) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let exit = of_kms.iter().chain(wrong).map(|failure| failure.exit).next();
    Failure::new(exit.unwrap_or(Exit::Mismatch), lines.join("; "))
}
