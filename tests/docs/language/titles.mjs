// When the title of a test stands alone in a reporter's output: as a sentence with a subject and a verb in the present tense.

/** Verbs of titles in the present tense. A new one is added here, so that a plural noun does not pass for a verb. */
const VERBS = new Set(
  `
  is are has have does do can cannot may must need needs
  abort aborts accept accepts act add adds affects agree agrees aligns allocate allocates allows answers appears applies apply archives arrive
  arrives ask asks associates awaits bears becomes begins behave belong binds block blocks break breaks brings builds bypass cancels carries change
  changes charges checks chooses claims clear clears come comes compares compiles completes contain contains continue continues copies count counts
  covered covers decides declare declares decrypts delivers depends derive describes die differ differs disappears displays divides draw draws drop
  drops emits ends enforces equal equals escapes exchange exist exists exits expire expires explains export exports fail fails falls finds fires fit
  fits flows focuses follow follows forms get gets give gives go goes handle handles happens helps hold holds ignores imports include includes
  indicates installs issues keep keeps know knows lacks lasts lead leads leave leaves lets lie lies limit limits link listens lists load loads logs
  look looks lose loses make makes manages match matches mean merges mixes moves name names nests notice notices obeys offers open opens outlast owns
  parse parses pass passes permits pins presses prevents print prints processes produces prompt protects prove proves pulls put puts raise raises
  reaches read reads receive receives records redirects refers refuse refuses registers reject rejects releases rely remain removes repeats replaces
  reports request requests require requires reseals resets resolves respects rest restore restores resume resumes retains retries retry return
  returns reveal reveals reverses rise rises rounds run runs say says scales scrolls seal seals select selects send sends serve serves set sets
  settles share shares show shows shrink signs sits stand stands start starts stay stays stop stops store stores stream submits succeed succeeds
  support supports survive survives switch take takes tells throw throws toggles travel treats trust try turn turns understand uploads use uses
  verify violates waits want wants wipe wipes work works wraps write writes yields
`
    .trim()
    .split(/\s+/),
);

/** What begins the rest of another sentence: a verb without its subject, or a conjunction. */
const VERB_FIRST =
  /^(?:is|are|was|were|has|have|does|accepts|adds|asks|awaits|breaks|comes|draws|fails|finds|gets|gives|goes|hands|holds|keeps|leaves|lets|makes|opens|puts|reads|refuses|rejects|removes|reports|returns|says|seals|sends|serves|shows|signs|stays|stops|takes|tells|waits|works|writes)\b/;
const JOINED = /^(?:and|or|nor|but|which|that is|that are|who|whose|of|than)\b(?!.*,)/;

/**
 * What is wrong with a title, or undefined. `…` stands for a value that the code puts there.
 *
 * @param {string} title
 */
export function faultOf(title) {
  const words = title.split(/\s+/).filter((word) => /[\p{L}\d…]/u.test(word));
  const plain = words.map((word) => word.toLowerCase().replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''));
  if (words.length < 4) return 'has fewer than four words';
  if (words.length > 25) return `has ${words.length} words; say it in 25`;
  if (VERB_FIRST.test(title) || JOINED.test(title))
    return 'begins as the rest of another sentence; give it its subject';
  if (!plain.slice(1).some((word) => VERBS.has(word)))
    return 'has no verb in the present tense (tests/docs/language/titles.mjs lists them)';
  return undefined;
}
