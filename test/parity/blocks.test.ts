import { checkCases } from './check-cases.ts';
import { blocks } from './kinds/blocks.ts';

checkCases(blocks);
