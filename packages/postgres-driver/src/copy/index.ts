export { COPY_HEADER, COPY_TRAILER } from './framing.js';
export { type DecimalDigits, fitDecimal, parseDecimal, writeNumeric } from './numeric-binary.js';
export { CHUNK_BYTES, isChunk, newChunk, TupleWriter } from './tuple-writer.js';
