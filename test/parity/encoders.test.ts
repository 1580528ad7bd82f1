import { checkCases } from './check-cases.ts';
import { clap } from './kinds/clap.ts';
import { clip } from './kinds/clip.ts';
import { encodec } from './kinds/encodec.ts';
import { t5 } from './kinds/t5.ts';

checkCases([encodec, clap, ...clip, t5]);
