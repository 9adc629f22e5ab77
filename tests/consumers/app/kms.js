// KMS Decrypt without an SDK, which not every consumer has: the emulator accepts any credentials.
export function kmsDecrypt(endpoint) {
  return async ({ CiphertextBlob, ...input }, { signal }) => {
    const body = JSON.stringify({ ...input, CiphertextBlob: btoa(String.fromCharCode(...CiphertextBlob)) });
    const headers = {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'TrentService.Decrypt',
      Authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kms/aws4_request',
    };
    const { KeyId, Plaintext } = await (await fetch(endpoint, { method: 'POST', headers, body, signal })).json();
    return { KeyId, Plaintext: Uint8Array.from(atob(Plaintext), (character) => character.charCodeAt(0)) };
  };
}
