// Takes the place of the theme's file of this name, 1.5 MB that would turn every icon into a drawing: the theme's
// style sheet already shows the same icons from a font.
