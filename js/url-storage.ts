/**
 * What tus-js-client asks for uploads to go on with: knows of none and remembers none. After a reload a file has another envelope,
 * and an upload that goes on with that is of two.
 */
export const urlStorage = {
  findAllUploads: async (): Promise<never[]> => [],
  findUploadsByFingerprint: async (): Promise<never[]> => [],
  removeUpload: async (): Promise<void> => {},
  addUpload: async (): Promise<string> => '',
};
