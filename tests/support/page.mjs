// What the pages of the tests share; served to them, not run in Node.

/** The file of this name in the page's file input. */
export function chosenFile(name) {
  return Array.from(document.querySelector('input[type=file]').files).find((file) => file.name === name);
}

/** Calls KMS Decrypt through the test's server (kms.mjs). */
export async function decrypt({ CiphertextBlob, ...input }, { signal }) {
  const body = JSON.stringify({ ...input, CiphertextBlob: CiphertextBlob.toBase64() });
  const response = await fetch('/decrypt', { method: 'POST', body, signal });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message), { name: answer.name });
  return { ...answer, Plaintext: Uint8Array.fromBase64(answer.Plaintext) };
}
