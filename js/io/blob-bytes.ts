/** All of a Blob's bytes. Those of a test's DOM may lack arrayBuffer(). */
export function bytesOf(blob: Blob): PromiseLike<ArrayBuffer> {
  if (typeof blob.arrayBuffer === 'function') return blob.arrayBuffer();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error!);
    reader.readAsArrayBuffer(blob);
  });
}
