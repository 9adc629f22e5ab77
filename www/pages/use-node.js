import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { Opener } from 'kmseal';

const kms = new KMSClient();
const opener = new Opener({
  keyIds: [keyArn],
  decrypt: (input, options) => kms.send(new DecryptCommand(input), options),
});
const { plaintext } = await opener.open(envelope, { encryptionContext });
