import { testProgramsTo } from './fuzz.js';

testProgramsTo('promise');
