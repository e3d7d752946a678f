import type { Statement } from '@sluice/core';
import { firstWord } from './first-word.js';
import { type Token, tokensOf } from './tokens.js';

/** What a statement leaves in its session beyond the end of the transaction, and what to do instead. */
export interface LastingEffect {
  readonly what: string;
  readonly instead: string;
}

const SETTING: LastingEffect = {
  what: 'A setting',
  instead:
    'Use SET LOCAL or set_config(…, …, true) in a transaction, or give it to the role or the database with ALTER … SET',
};
const TEMPORARY: LastingEffect = {
  what: 'A temporary object',
  instead: 'Create a temporary table in a transaction, with ON COMMIT DROP',
};
const LOCK: LastingEffect = {
  what: 'An advisory lock',
  instead: 'Use pg_advisory_xact_lock in a transaction, whose end releases it',
};
const LISTENER: LastingEffect = { what: 'A listener', instead: 'Listen through a direct connection' };
const PREPARED: LastingEffect = {
  what: 'A prepared statement made in SQL',
  instead: 'Send the statement itself; the option `prepare` prepares what is repeated',
};
const CURSOR: LastingEffect = { what: 'A cursor WITH HOLD', instead: 'Use a stream' };
const LIBRARY: LastingEffect = { what: 'A library', instead: 'Let the server load it at its start' };

/** The commands that always have such an effect. Those that undo one would undo what another client did. */
const COMMANDS: ReadonlyMap<string, LastingEffect> = new Map([
  ['deallocate', PREPARED],
  ['discard', SETTING],
  ['listen', LISTENER],
  ['load', LIBRARY],
  ['prepare', PREPARED],
  ['reset', SETTING],
  ['unlisten', LISTENER],
]);

/** The commands that may have one, by their text. */
const SUSPECTS: ReadonlySet<string> = new Set([...COMMANDS.keys(), 'create', 'declare', 'set']);

/** What other statements with such an effect mention. */
const MENTIONS = /advisory|pg_settings|set_config|\btemp/i;

/** The words of SET after which its effect ends with the transaction. */
const LOCAL: ReadonlySet<string> = new Set(['constraints', 'local', 'transaction']);

/** The words between CREATE and TEMPORARY. */
const BEFORE_TEMPORARY: ReadonlySet<string> = new Set(['global', 'local', 'or', 'recursive', 'replace']);

const SESSION_LOCK = /^pg_(?:try_)?advisory_(?:lock|unlock)(?:_all|_shared)?$/;

/**
 * Finds what a statement leaves in its session, as far as its text shows: not what a function does inside, nor what follows a part of the text that
 * {@link tokensOf} does not read, such as a dollar quote.
 */
export function lastingEffectOf({
  sql,
  parameters,
}: Pick<Statement, 'parameters' | 'sql'>): LastingEffect | undefined {
  if (!SUSPECTS.has(firstWord(sql)) && !MENTIONS.test(sql)) return undefined;
  const tokens = executedOf([...tokensOf(sql)]);
  return ofCommand(tokens) ?? ofParts(tokens, parameters);
}

/** Without opening parentheses, and for EXPLAIN ANALYZE the statement that it executes. */
function executedOf(tokens: readonly Token[]): readonly Token[] {
  const begun = tokens.slice(tokens.findIndex(({ text }) => text !== '('));
  if (begun[0]?.text !== 'explain') return begun;
  if (!begun.some(({ text }) => text === 'analyze' || text === 'analyse')) return [];
  return begun.slice(
    Math.max(
      0,
      begun.findIndex(({ text }) => text === 'create'),
    ),
  );
}

function ofCommand(tokens: readonly Token[]): LastingEffect | undefined {
  const [first, second] = tokens.map(({ text }) => text);
  if (first === 'set') return LOCAL.has(second ?? '') ? undefined : SETTING;
  if (first === 'create') return isTemporary(tokens) ? TEMPORARY : undefined;
  if (first === 'declare') return follow(tokens, 'with', 'hold') ? CURSOR : undefined;
  return COMMANDS.get(first ?? '');
}

function isTemporary(tokens: readonly Token[]): boolean {
  const kind = tokens.slice(1).find(({ text }) => !BEFORE_TEMPORARY.has(text))?.text;
  if (kind === 'temp' || kind === 'temporary') return !follow(tokens, 'on', 'commit', 'drop');
  const end = tokens.findIndex(({ text }) => text === '(' || text === 'as');
  return follow(end < 0 ? tokens : tokens.slice(0, end), 'pg_temp', '.');
}

function ofParts(tokens: readonly Token[], parameters: readonly unknown[]): LastingEffect | undefined {
  for (const [at, { text }] of tokens.entries()) {
    const effect = ofPart(text, at, tokens, parameters);
    if (effect !== undefined) return effect;
  }
  return undefined;
}

function ofPart(
  text: string,
  at: number,
  tokens: readonly Token[],
  parameters: readonly unknown[],
): LastingEffect | undefined {
  const before = tokens[at - 1]?.text;
  if (text === 'into' && before !== 'insert' && before !== 'merge')
    return INTO_TEMPORARY.test(textOf(tokens, at + 1, 2)) ? TEMPORARY : undefined;
  if (text === 'update') return UPDATES_SETTINGS.test(textOf(tokens, at + 1, 4)) ? SETTING : undefined;
  if (tokens[at + 1]?.text !== '(' || (before === '.' && tokens[at - 2]?.text !== 'pg_catalog'))
    return undefined;
  if (SESSION_LOCK.test(text)) return LOCK;
  return text === 'set_config' && !isLocalSetting(tokens.slice(at + 2), parameters) ? SETTING : undefined;
}

const INTO_TEMPORARY = /^(?:(?:global|local) )?temp(?:orary)?\b/;
const UPDATES_SETTINGS = /^(?:only )?(?:pg_catalog \. )?pg_settings\b/;

/** Whether the third argument is true, as a literal or as a parameter. @param tokens those after the opening parenthesis. */
function isLocalSetting(tokens: readonly Token[], parameters: readonly unknown[]): boolean {
  let depth = 0;
  let commas = 0;
  for (const [at, { text }] of tokens.entries()) {
    if (commas === 2) return END_OF_FLAG.test(textOf(tokens, at + 1, 3)) && isTrue(tokens[at], parameters);
    if (text === '(' || text === '[') depth += 1;
    if (text === ')' || text === ']') depth -= 1;
    if (text === ',' && depth === 0) commas += 1;
  }
  return false;
}

const END_OF_FLAG = /^(?::: bool(?:ean)? )?\)/;

function isTrue(token: Token | undefined, parameters: readonly unknown[]): boolean {
  const value = token?.kind === 'parameter' ? parameters[Number(token.text.slice(1)) - 1] : token?.text;
  return /^'?(?:t|true|y|yes|on|1)'?$/i.test(String(value));
}

function textOf(tokens: readonly Token[], from: number, count: number): string {
  return tokens
    .slice(from, from + count)
    .map(({ text }) => text)
    .join(' ');
}

/** Whether these words follow each other somewhere. */
function follow(tokens: readonly Token[], ...words: readonly string[]): boolean {
  return tokens.some((_, at) => words.every((word, index) => tokens[at + index]?.text === word));
}
