import { SostenutoError } from '../../errors/problem.ts';

const full = new Set(['ENOSPC', 'EDQUOT']);
const readOnly = new Set(['EROFS', 'EACCES', 'EPERM']);

export const errorCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Turns what the disk answered into one clear error; anything else is returned as it was. */
export function storageFailure(error: unknown, where: string): unknown {
  const code = errorCode(error) ?? '';
  if (full.has(code)) {
    return new SostenutoError(
      {
        code: 'STORE_FULL',
        what: 'The disk of the store is full. Nothing was lost and nothing half-written is visible.',
        where,
        found: code,
        hint: 'Free space there, or run `sostenuto gc`; then start the same run again: finished nodes are kept.',
      },
      { cause: error },
    );
  }
  if (readOnly.has(code)) {
    return new SostenutoError(
      {
        code: 'STORE_READ_ONLY',
        what: 'The store cannot be written.',
        where,
        found: code,
        hint: 'Make the folder writable, or choose another one with SOSTENUTO_HOME.',
      },
      { cause: error },
    );
  }
  return error;
}
