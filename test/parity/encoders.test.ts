import { checkCases } from './check-cases.ts';
import { encodec } from './kinds/encodec.ts';

checkCases([encodec]);
