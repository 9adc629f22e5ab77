// Phrases that a native technical editor would strike, and what belongs in their place. Each is a pattern that does not match its own
// line here, since `\b` stands before it as a letter.

/** @type {[RegExp, string][]} */
export const PHRASES = [
  [/\bunless (?:told|asked|said)\b/i, '"by default"'],
  [/\banew\b/i, '"again", or a word with "re-": rewritten, resealed'],
  [/\bwhoever\b/i, '"anyone who", "the person who" or "the one that"'],
  [/\bwhomever\b/i, '"anyone whom"'],
  [/\b(?:go|goes|going|went|gone) on(?! to\b)\b/i, '"continue", "resume", "keep ...ing" or "happen"'],
  [/\bunder way\b/i, '"in progress", "in flight" or "running"'],
  [/\bin the place of\b/i, '"in place of", "instead of" or "replaces"'],
  [/\bbut for\b/i, '"except" or "except for"'],
  [
    /(?<!\bthere )(?<!\bwhere )\b(?:is|are|was|were|be|being) no (?!longer|more|less|fewer|better|worse|larger|smaller|faster|slower|shorter|different|one\b)/i,
    '"is not a", "is not" or "does not"',
  ],
  [/(?<!\bthere )\b(?:is|are|was|were) none\b/i, '"is invalid", "is not one" or "does not exist"'],
  [/\b(?:has|have|had) not (?=a\b|an\b|the\b|any\b)/i, '"does not have" or "lacks"'],
  [
    /\bso many (?:bytes|files|parts|milliseconds|cases|turns|tries|times)\b/i,
    '"the given number of", "this many" or a limit by name',
  ],
  [/\b(?:let|lets|letting) go of\b/i, '"release"'],
  [
    /\bhence\b|\bthence\b|\bwhence\b|\bthere(?:of|in|by|with)\b|\bhere(?:in|by)\b|\bwhere(?:by|in)\b|\blest\b/i,
    'a plain word: "so", "of it", "by this", "in case"',
  ],
  [/\bwhich one likes\b|\bas one likes\b|\bif one likes\b/i, '"any", or "any number of times"'],
  [/\bfor ever\b/i, '"forever"'],
  [/\bwhat is no\b/i, '"anything but" or "what is not"'],
  [/\bof which (?:there|it|one|they)\b/i, '"whose", or two sentences'],
  [
    /\bOf (?!course\b)(?=[a-z\d`'{])/,
    'the subject first: "For a stream ..." or "A stream\'s ..."; "Options of ..." in a reference',
  ],
  [/\b(?:another (?:[a-z`]+ )?|other )[a-z`]+ than\b/i, '"a key other than" or "a different key from"'],
  [/\belse than\b/i, '"other than" or "anything but"'],
  [/\b(?:to|for|from|by) who\b/i, '"to those who" or "to the one who"'],
  [/\b(?:KMS|GetPublicKey) answer(?:s|ed) (?:a|an|another|something)\b/i, '"returns"'],
  [/\b(?:that|what) GetPublicKey answers\b/i, '"returns"'],
  [
    /(?<!const )\b(?:nothing|anything|something) of\b(?! the kind\b)/i,
    '"no part of", "no byte of", "nothing from" or "nothing about"',
  ],
  [/\b(?:failure|error|cause)s? (?:is|are) told\b/i, '"is reported"'],
];
