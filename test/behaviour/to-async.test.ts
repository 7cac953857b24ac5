import { testDirectionsTo } from './directions.js';

testDirectionsTo('async');
