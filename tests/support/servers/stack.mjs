// infra/kmseal.yaml as a stack of the emulator, and its roles.
import { readFile } from 'node:fs/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

export const TEMPLATE = await readFile(new URL('../../../infra/kmseal.yaml', import.meta.url), 'utf8');
/** The account that the emulator is. */
export const ACCOUNT = '000000000000';
/** Where the upload page is served. */
export const ORIGIN = 'https://www.example.com';

/** Creates a stack, whose roles the account's root may assume and whose buckets answer over http, and returns its outputs. */
export async function deploy(emulator, StackName, parameters) {
  const client = new CloudFormationClient(emulator.config);
  try {
    const principal = `arn:aws:iam::${ACCOUNT}:root`;
    const all = {
      PageOrigin: ORIGIN,
      PublisherPrincipal: principal,
      PageServerPrincipal: principal,
      OpenerPrincipal: principal,
      TlsOnly: 'false',
      ...parameters,
    };
    const Parameters = Object.entries(all).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
    await client.send(
      new CreateStackCommand({ StackName, TemplateBody: TEMPLATE, Parameters, Capabilities: ['CAPABILITY_IAM'] }),
    );
    await waitUntilStackCreateComplete({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { StackName });
    const {
      Stacks: [{ Outputs }],
    } = await client.send(new DescribeStacksCommand({ StackName }));
    return Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  } finally {
    client.destroy();
  }
}

/** A role's temporary credentials. */
export async function assumeRole(emulator, RoleArn) {
  const sts = new STSClient(emulator.config);
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  sts.destroy();
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  };
}
