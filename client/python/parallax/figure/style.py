"""How figures look: the colours of the C++ client's figures (client/lib/figure/style.h).

They are told apart by the colour-blind too (Okabe and Ito's vermilion, and greys of different lightness).
"""

PAPER = "#ffffff"
INK = "#202124"
MUTED = "#5f6368"      # captions; 6:1 on paper
GRID = "#dee0e3"
BLAMED = "#d55e00"     # what the verdict blames
SUSPECT = "#f5be91"    # weighed and not blamed
NEUTRAL = "#80848a"    # nobody's: gap, unexplained
PALE = "#c6c9ce"       # measurement

FONT = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"
HEADING_SIZE = 15.0
TEXT_SIZE = 12.5
SMALL_SIZE = 11.0
LINE_HEIGHT = 1.35     # of the font size
