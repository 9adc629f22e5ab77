// Seals and opens files with AWS's Encryption SDK for JavaScript, in Node: one JSON request a line on standard input, one JSON answer
// a line. The same requests as esdk.py takes, for raw RSA keys, the only ones of ours that it has a keyring for.
//
//     node esdk.mjs FOLDER     whose node_modules has the SDK
import { constants } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';

const sdk = createRequire(path.join(process.argv[2], 'package.json'))('@aws-crypto/client-node');
const { AlgorithmSuiteIdentifier, CommitmentPolicy, MultiKeyringNode, RawRsaKeyringNode, buildClient } = sdk;
const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const HASHES = {
  OAEP_SHA1_MGF1: 'sha1',
  OAEP_SHA256_MGF1: 'sha256',
  OAEP_SHA384_MGF1: 'sha384',
  OAEP_SHA512_MGF1: 'sha512',
};

const pem = (base64) => base64 && Buffer.from(base64, 'base64').toString();

function keyringOf({ keyring, keyNamespace, keyName, padding, publicKey, privateKey }) {
  if (keyring !== 'raw-rsa') throw new Error(`this SDK has no keyring ${keyring}`);
  const rsaKey = { publicKey: pem(publicKey), privateKey: pem(privateKey) };
  return new RawRsaKeyringNode({
    keyName,
    keyNamespace,
    rsaKey,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: HASHES[padding],
  });
}

function keyringOfAll([first, ...others]) {
  if (others.length === 0) return keyringOf(first);
  return new MultiKeyringNode({ generator: keyringOf(first), children: others.map(keyringOf) });
}

async function answer({ do: action, keys, encryptionContext, required = [], frameLength, input, output }) {
  if (required.length > 0) throw new Error('this SDK stores every pair');
  const keyring = keyringOfAll(keys);
  const source = await readFile(input);
  if (action === 'seal') {
    const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
    const { result } = await encrypt(keyring, source, { encryptionContext, frameLength, suiteId });
    await writeFile(output, result);
    return {};
  }
  const { plaintext, messageHeader } = await decrypt(keyring, source);
  await writeFile(output, plaintext);
  return { encryptionContext: messageHeader.encryptionContext };
}

for await (const line of createInterface({ input: process.stdin })) {
  const result = await answer(JSON.parse(line)).catch(({ name, message }) => ({ error: name, message })); // every failure is an answer
  console.log(JSON.stringify(result));
}
