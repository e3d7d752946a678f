// Checks the layers of every package. A package's `layers.json` lists its rooms (the folders of `src`) from the top floor down. A file may
// import from its own room and from the rooms below it, and there may be no import cycle. Type imports count, and so do files that are
// named by `new URL('./…', import.meta.url)`, such as the entry of a thread.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';

/** The room of files directly in `src`. */
const ROOT_ROOM = '(root)';

if (import.meta.main) {
  const { problems, files, packages } = checkLayers(fileURLToPath(new URL('../packages', import.meta.url)));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else
    console.log(`Layers: ${files} files of ${packages} packages, no import upwards and no circle of files.`);
}

/**
 * Checks the packages in `folder`.
 *
 * @returns the problems, one line each, and the number of files and packages.
 */
export function checkLayers(folder) {
  const packages = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'src')))
    .map((name) => readPackage(folder, name));
  return {
    problems: packages.flatMap(checkPackage),
    files: packages.reduce((sum, { imports }) => sum + imports.size, 0),
    packages: packages.length,
  };
}

/** Reads the package's layers and, for each source file that is not a unit test, the files of the package that it imports. */
function readPackage(folder, name) {
  const src = join(folder, name, 'src');
  const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.endsWith('.test.ts'));
  const imports = new Map(
    files.sort().map((file) => [file, importsOf(file, join(src, file), new Set(files))]),
  );
  const layersFile = join(folder, name, 'layers.json');
  const layers = existsSync(layersFile) ? JSON.parse(readFileSync(layersFile, 'utf8')) : undefined;
  return { name, layers, imports };
}

function importsOf(file, path, files) {
  const found = new Set();
  const add = (node) => {
    const target = typeof node?.value === 'string' ? join(dirname(file), node.value) : '';
    const source = [target.replace(/[.]js$/, '.ts'), target.replace(/[.]js$/, '.d.ts')].find((each) =>
      files.has(each),
    );
    if (source !== undefined && source !== file) found.add(source);
  };
  const { program, errors } = parseSync(path, readFileSync(path, 'utf8'));
  if (errors.length > 0) throw new Error(`${path} cannot be read: ${errors[0].message}`);
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    NewExpression: ({ callee, arguments: [url] }) => callee.name === 'URL' && add(url),
  }).visit(program);
  return found;
}

function checkPackage({ name, layers, imports }) {
  if (layers === undefined) return [`packages/${name} has no layers.json that names its rooms.`];
  const order = Object.keys(layers.rooms);
  return [
    ...unnamedRooms(name, order, imports),
    ...upwardImports(name, order, layers.exceptions ?? [], imports),
    ...circles(imports).map((circle) => `packages/${name}/src: circle of files: ${circle.join(' -> ')}.`),
  ];
}

/** Finds rooms that are missing in the list, and names in the list that are not rooms. */
function unnamedRooms(name, order, imports) {
  const rooms = new Set([...imports.keys()].map(roomOf));
  return [
    ...[...rooms]
      .filter((room) => !order.includes(room))
      .map((room) => `packages/${name}/layers.json does not name the room ${room}.`),
    ...order
      .filter((room) => !rooms.has(room))
      .map((room) => `packages/${name}/layers.json names ${room}, which is no room with files.`),
  ];
}

function upwardImports(name, order, exceptions, imports) {
  const isExcepted = (from, to) =>
    exceptions.some((each) => each.from === from && each.to === to && each.why);
  const floor = (file) => order.indexOf(roomOf(file));
  return [...imports].flatMap(([file, targets]) =>
    [...targets]
      .filter((target) => floor(target) < floor(file) && !isExcepted(file, target))
      .map(
        (target) =>
          `packages/${name}/src/${file} imports ${target}, but ${roomOf(target)} lies above ${roomOf(file)}.`,
      ),
  );
}

/** Returns one cycle for each import that closes one, in the order of a depth-first search from every file. */
function circles(imports) {
  const found = [];
  const done = new Set();
  const path = [];
  const walk = (file) => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of imports.get(file)) walk(target);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) walk(file);
  return found;
}

function roomOf(file) {
  const [room, rest] = file.split('/');
  return rest === undefined ? ROOT_ROOM : room;
}
