import { describe, expect, it } from 'vitest';
import { choosePorts } from '../../../cli/server/ports.ts';

const except =
  (...taken: number[]) =>
  async (port: number) =>
    !taken.includes(port);

describe('the ports of an own server', () => {
  it("are Temporal's own", async () => {
    expect(await choosePorts({}, except())).toEqual({ port: 7233, uiPort: 8233 });
  });
  it('are the next pair when one of the two is taken', async () => {
    expect(await choosePorts({}, except(7233))).toEqual({ port: 7234, uiPort: 8234 });
    expect(await choosePorts({}, except(8233, 7234))).toEqual({ port: 7235, uiPort: 8235 });
  });
  it('are what was asked for, and only the other one moves', async () => {
    expect(await choosePorts({ port: 9000 }, except(10_000))).toEqual({ port: 9000, uiPort: 10_001 });
    expect(await choosePorts({ uiPort: 9000 }, except(7233))).toEqual({ port: 7234, uiPort: 9000 });
    await expect(choosePorts({ port: 9000 }, except(9000))).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await expect(choosePorts({ uiPort: 9000 }, except(9000))).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});
