// How often KMS was asked, by the emulator's own log.
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';

/** Settings of the emulator for startKms({ env: TRAIL }). */
export const TRAIL = { CLOUDTRAIL_RECORDING: '1' };

/** The number of KMS calls of this name. @param {{ config: object }} emulator @param {string} name such as Decrypt */
export async function countCalls(emulator, name) {
  const client = new CloudTrailClient(emulator.config);
  try {
    let [count, NextToken] = [0];
    do {
      const LookupAttributes = [{ AttributeKey: 'EventName', AttributeValue: name }];
      const page = await client.send(new LookupEventsCommand({ LookupAttributes, NextToken }));
      count += page.Events.length;
      NextToken = page.NextToken;
    } while (NextToken);
    return count;
  } finally {
    client.destroy();
  }
}
