// PGlite reads text with a TextDecoder. By default, a TextDecoder drops a byte order mark at the beginning. So this module is loaded before
// PGlite and replaces TextDecoder. On this thread no other code decodes text.
globalThis.TextDecoder = class extends TextDecoder {
  constructor(label?: string, options?: ConstructorParameters<typeof TextDecoder>[1]) {
    super(label, { ...options, ignoreBOM: true });
  }
};

export {};
