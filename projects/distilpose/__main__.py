"""``python -m distilpose``: the same as the command ``distilpose``."""

from distilpose_cli import main

if __name__ == '__main__':
    main()
