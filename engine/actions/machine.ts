import { arch, cpus, hostname, platform } from 'node:os';

/** The machine that computed a result; for lineage, never part of a key. */
export interface Machine {
  readonly host: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
}

let described: Machine | undefined;
export function thisMachine(): Machine {
  described ??= {
    host: hostname(),
    platform: platform(),
    arch: arch(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
  };
  return described;
}
