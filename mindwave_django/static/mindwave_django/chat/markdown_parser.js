// The vendored parser, set up for answers: no HTML, no guesses at links, nothing that changes what
// a line above has already become.

import MarkdownIt from "../vendor/markdown-it.js";
import { safeLink } from "./links.js";

const parser = new MarkdownIt({ html: false, linkify: true, breaks: true });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false }); // README.md is no site
// "Text" followed by "-" would be a heading until the rest of the list item arrives.
parser.disable("lheading");
parser.validateLink = (address) => safeLink(address) !== null;

// Levels of lists and quotes in each other. The parser drops what is deeper than its limit of 100;
// here it stays, as plain text.
const DEEPEST = 60;
const paragraph = parser.block.ruler.getRules("").at(-1);
const deepText = (state, ...lines) => state.level >= DEEPEST && paragraph(state, ...lines);
parser.block.ruler.before("table", "deep_text", deepText);

// Only the blocks; what stands inside them is read by `parse`.
export function parseBlocks(source) {
  const tokens = [];
  parser.block.parse(source, parser, {}, tokens);
  return tokens;
}

/** Return the tokens of a text; `definitions` remembers link definitions from call to call. */
export function parse(source, definitions) {
  return parser.parse(source, definitions);
}
