import { testDirectionsTo } from './directions.js';

testDirectionsTo('pool');
