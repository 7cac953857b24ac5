import { testProgramsTo } from './fuzz.js';

testProgramsTo('pool');
