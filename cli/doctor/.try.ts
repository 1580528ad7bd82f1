import { loadConfig } from '../config/load.ts';
import { runDoctor } from './doctor.ts';

process.exitCode = await runDoctor(await loadConfig(), { json: process.argv.includes('--json') });
