import { SostenutoError } from '../../errors/problem.ts';
import type { ServerRecord } from './record.ts';

export function otherPorts(
  own: ServerRecord,
  { home, port, uiPort }: { readonly home: string; readonly port?: number; readonly uiPort?: number },
): SostenutoError {
  return new SostenutoError({
    code: 'SERVER_ELSEWHERE',
    what: "This home's Temporal server already runs on other ports.",
    where: home,
    found: `${own.address}, UI ${own.uiPort}, process ${own.pid}`,
    expected: `port ${port ?? 'any'}, UI ${uiPort ?? 'any'}`,
    hint: `end process ${own.pid} (its runs stay), or leave the ports out`,
  });
}

export function hangs(home: string, { pid, address }: ServerRecord, found: string): SostenutoError {
  return new SostenutoError(
    {
      code: 'SERVER_HANGS',
      what: `This home's Temporal server (process ${pid}) lives, but does not answer.`,
      where: `${address}, ${home}`,
      found,
      hint: `end process ${pid} and start again: its runs stay`,
    },
    { retryable: true },
  );
}

export function unreachable(address: string, found: string, cause?: unknown): SostenutoError {
  return new SostenutoError(
    {
      code: 'SERVER_UNREACHABLE',
      what: `The Temporal server at ${address} does not answer.`,
      where: 'TEMPORAL_ADDRESS, temporal.toml or temporal.config.ts',
      found,
      hint: 'start it, correct the address, or take the address away: then a local server is started',
    },
    { retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}
