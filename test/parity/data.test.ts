import { checkCases } from './check-cases.ts';
import { media } from './kinds/media.ts';
import { midi } from './kinds/midi.ts';
import { safetensors } from './kinds/safetensors.ts';
import { tables } from './kinds/tables.ts';

checkCases([media, midi, safetensors, tables]);
