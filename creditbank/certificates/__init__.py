"""THE PAPER: certificates of hours, frozen when issued, that anybody can check by their code."""
