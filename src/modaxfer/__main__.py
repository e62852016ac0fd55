"""``python -m modaxfer``, and what ``accelerate launch -m modaxfer`` starts."""

from modaxfer.cli.main import run

if __name__ == "__main__":
    run()
