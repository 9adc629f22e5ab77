// How the first block of docs/uppy.md runs; tests of browsers run the others.

export default {
  'The plugin Seal': {
    async js({ inPage, assertOpens, uploads }, code) {
      await inPage('uppy', code, {
        given: ['signRequest'],
        returns: ['uppy'],
        use: async (example, data) => {
          const signRequest = async () => ({ url: new URL('/put/it', location.href).href });
          const { uppy } = await example({ signRequest });
          uppy.addFile({ name: data.name, type: data.type, data, meta: { user: '4711' } });
          const { successful, failed } = await uppy.upload();
          if (successful.length !== 1) throw failed[0].error;
          return successful[0].name;
        },
      });
      await assertOpens(uploads()[0]);
    },
  },
};
