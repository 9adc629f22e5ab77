// What an application is told through EventBridge: a rule of the emulator puts the intake function's events into a queue.
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';

/** @param {{ config: object }} emulator @param {string} name of the rule and the queue */
export async function listen(emulator, name = 'application') {
  const sqs = new SQSClient(emulator.config);
  const events = new EventBridgeClient(emulator.config);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Arn = Attributes.QueueArn;
  const Principal = { Service: 'events.amazonaws.com' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: Arn }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await events.send(new PutRuleCommand({ Name: name, EventPattern: JSON.stringify({ source: ['kmseal.intake'] }) }));
  await events.send(new PutTargetsCommand({ Rule: name, Targets: [{ Id: 'queue', Arn }] }));
  return {
    /** The next event; waits for it. */
    async next() {
      for (let polls = 0; polls < 12; polls++) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
        if (Messages.length === 0) continue;
        const [{ Body, ReceiptHandle }] = Messages;
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        return JSON.parse(Body);
      }
      throw new Error('the application was told nothing for a minute');
    },
    close() {
      sqs.destroy();
      events.destroy();
    },
  };
}
