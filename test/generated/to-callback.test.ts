import { testProgramsTo } from './fuzz.js';

testProgramsTo('callback');
