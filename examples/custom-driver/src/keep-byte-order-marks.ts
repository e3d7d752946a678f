// PGlite reads text with a TextDecoder that drops a byte order mark at the beginning, as TextDecoder does unless told otherwise. This
// module is loaded before PGlite, on a thread where nobody else decodes text.
globalThis.TextDecoder = class extends TextDecoder {
  constructor(label?: string, options?: ConstructorParameters<typeof TextDecoder>[1]) {
    super(label, { ...options, ignoreBOM: true });
  }
};

export {};
