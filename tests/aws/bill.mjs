// What the requests of a run cost, counted where they are made.

/**
 * In dollars, of us-east-1 in 2026: https://aws.amazon.com/kms/pricing/ (asymmetric requests but those with RSA_2048),
 * https://aws.amazon.com/s3/pricing/ (S3 Standard; DELETE is free). Storage of minutes and traffic into AWS cost nothing that could be seen.
 */
const PRICES = {
  kms2048: 0.03 / 10_000,
  kms: 0.15 / 10_000,
  write: 0.005 / 1000,
  read: 0.0004 / 1000,
  egress: 0.09 / 1e9,
};

const WRITES = ['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload', 'ListObjectsV2'];
const FREE = ['DeleteObject', 'AbortMultipartUpload'];

/** @param {string} keySpec */
export function startBill(keySpec) {
  const counts = { kms: 0, write: 0, read: 0, bytes: 0 };
  const kind = (command) => (WRITES.includes(command) ? 'write' : 'read');
  return {
    counts,
    /** Counts what a client of AWS's SDK asks: 'kms' or 's3'. */
    watch(client, service) {
      const count = (next, context) => async (args) => {
        const command = context.commandName.replace(/Command$/, '');
        if (service === 'kms') counts.kms++;
        else if (!FREE.includes(command)) counts[kind(command)]++;
        return next(args);
      };
      // For each try, since AWS charges for each.
      client.middlewareStack.add(count, { step: 'finalizeRequest', priority: 'low', name: 'bill' });
    },
    /** Counts a request that others make: another SDK, the command, a presigned URL. */
    add(name, number = 1) {
      counts[name] += number;
    },
    report() {
      const { kms, write, read, bytes } = counts;
      const dollars =
        kms * (keySpec === 'RSA_2048' ? PRICES.kms2048 : PRICES.kms) +
        write * PRICES.write +
        read * PRICES.read +
        bytes * PRICES.egress;
      return `${kms} KMS requests with ${keySpec}, ${write} writing and ${read} reading S3 requests, ${(bytes / 2 ** 20).toFixed(1)} MiB read: about $${dollars.toFixed(5)} at the prices of us-east-1, 2026`;
    },
  };
}
