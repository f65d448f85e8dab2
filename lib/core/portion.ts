export { Portion } from "../contract/portion.js";
