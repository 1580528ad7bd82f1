import { checkCases } from './check-cases.ts';
import { clip } from './kinds/clip.ts';
import { encodec } from './kinds/encodec.ts';

checkCases([encodec, ...clip]);
