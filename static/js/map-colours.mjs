/** What the colours of kinds and categories look like on the map. */
export const COLOURS = {
  red: '#c0322b', orange: '#d2601a', amber: '#b7790a', blue: '#2a6fb8', violet: '#7b4bb3',
  yellow: '#9a7b00', teal: '#147d78', green: '#2b7d43', brown: '#86583a', grey: '#6b6470',
};
