import { testDirectionsTo } from './directions.js';

testDirectionsTo('promise');
