// Removes the `dist` of the package in whose folder it runs, so that a build never leaves files behind that the sources no longer have.
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
