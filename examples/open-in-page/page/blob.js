/**
 * All of an opened file, as a Blob. A Response fails with an error of its own, which hides why the file was not opened.
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} plaintext
 */
export async function blobOf(plaintext) {
  const reader = plaintext.getReader();
  let failure;
  const noting = new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  try {
    return await new Response(noting).blob();
  } catch (error) {
    throw failure ?? error;
  }
}
