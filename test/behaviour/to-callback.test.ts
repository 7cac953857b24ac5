import { testDirectionsTo } from './directions.js';

testDirectionsTo('callback');
