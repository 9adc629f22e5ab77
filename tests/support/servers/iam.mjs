// Users of the emulator's IAM, for tests in which policies are enforced.
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';

/**
 * Creates a user who may do this, as far as an identity's policy goes.
 * @param {{ config: object }} emulator
 * @param {string} UserName
 * @param {string} Action
 * @param {string} Resource
 * @returns the user's credentials, as the AWS SDK takes them
 */
export async function createUser(emulator, UserName, Action, Resource) {
  const iam = new IAMClient(emulator.config);
  try {
    await iam.send(new CreateUserCommand({ UserName }));
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource }],
    });
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'kms', PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
  } finally {
    iam.destroy();
  }
}
