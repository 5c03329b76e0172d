# Two commands matter: `make book` and `make test`. `make help` lists the others.
#
#   PYTHON=/path/to/python3.12   which Python to use (3.10 to 3.13); default: the first that fits
#   NOTEBOOKS="book/learning.ipynb"   which notebooks `make execute` runs; default: all
#   DEVICE=cuda                  where models are trained and examined; default: cpu
#   SWEEP="--steps 3000"         further options of the sweeps
#   EDITION=student              build the book without solutions, into _build/student

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && exit; \
	done; echo python3)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
JB := JUPYTER_PREFER_ENV_PATH=1 $(VENV)/bin/jupyter-book
PAGES := _build/html/index.html
JOBS ?= 2
NOTEBOOKS ?=
SWEEP ?=
DEVICE ?= cpu
EDITION ?=
URL ?=
# one thread per process: two processes already fill a laptop, and sums stay the same from run to run
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
OTHERS := other-grammar other-misprints other-mixed other-absorbing other-cosine other-convolution \
	other-closed other-short other-decay
SWEEPS := toy-medium toy-large toy-small toy-cross-entropy toy-epochs toy-few toy-halves toy-details toy-breaks toy-course toy-copies toy-planted toy-attacks toy-finetune toy-finetune-sizes toy-released toy-spins toy-misprints \
	docstrings-small docstrings-large fresh-small fresh-medium fresh-large $(OTHERS) \
	toy-losses toy-sharp toy-million toy-protocol english-small english-medium english-large english-huge english-steps \
	english-sides english-long english-classes
.PHONY: help setup book pdf test execute spread address scripts film cards numbers sweep-toy sweep-fresh sweep-other sweep-docstrings sweep-english $(SWEEPS) clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## create .venv and install the pinned packages

$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.10 to 3.13 is needed, but '$(PYTHON)' was not found." >&2; exit 1; }
	@$(PYTHON) book/_tools/preflight.py
	@echo "== Setting up $(VENV) (a few minutes the first time)"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --progress-bar on -r requirements.txt
	@$(RUN) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

ifeq ($(EDITION),student)
book: PAGES := _build/student/_build/html/index.html
endif
PRINTED := $(if $(filter student,$(EDITION)),_build/student/source,.)
book: $(READY) ## build the book into _build/html; EDITION=student: without solutions
	@echo "== Building the book"
	@$(if $(filter student,$(EDITION)),$(build_student),$(build))
	@echo
	@echo "The book is ready. Open   $(PAGES)"
	@echo "or serve it with          $(RUN) -m http.server --directory $(dir $(PAGES)) 8000"
	@echo "and go to                 http://localhost:8000"

pdf: $(READY) ## print the whole book into _build/basins.pdf; EDITION=student: without solutions
	@echo "== Making one page of the book"
	@$(if $(filter student,$(EDITION)),rm -rf _build/student && $(RUN) book/_tools/student_edition.py _build/student/source)
	@$(JB) build $(PRINTED) --all --builder singlehtml --path-output _build/pdf --quiet
	@echo "== Printing it"
	@$(RUN) book/_tools/pdf.py _build/pdf/_build/singlehtml _build/basins.pdf
	@echo "Wrote _build/basins.pdf"

test: $(READY) ## check everything: style, types, tests, notebooks, book, pages
	@echo "== 1/7 Style (ruff)"
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check .
	@echo "== 2/7 Types (mypy)"
	@$(RUN) -m mypy
	@echo "== 3/7 Tests (pytest)"
	@$(RUN) -m pytest -n $(JOBS) tests
	@echo "== 4/7 Notebooks run again: statements hold, outputs agree (nbval)"
	@UDDM_STATEMENTS=raise JUPYTER_PREFER_ENV_PATH=1 $(RUN) -m pytest --nbval-lax --nbval-current-env \
		--nbval-cell-timeout=600 -n $(JOBS) --dist loadfile --durations=5 book/*.ipynb
	@echo "== 5/7 Notebooks that train, under another instruction set"
	@$(RUN) book/_tools/spread.py --check --jobs $(JOBS)
	@echo "== 6/7 The book, every warning an error"
	@$(JB) build . --all --path-output _build/strict --builder html -W --keep-going --quiet
	@echo "== 7/7 Pages in a browser"
	@PAGES=_build/strict/_build/html $(RUN) -m pytest -n $(JOBS) tests/pages
	@echo "All checks passed."

spread: $(READY) ## measure how far the numbers in the text move: data/statements.csv
	@$(RUN) book/_tools/spread.py --jobs $(JOBS)

execute: $(READY) ## run the notebooks again and store their outputs
	@$(RUN) book/_tools/execute.py $(NOTEBOOKS)

address: ## set the public address everywhere: make address URL=https://github.com/OWNER/NAME
	@test -n "$(URL)" || { echo "Say which: make address URL=https://github.com/OWNER/NAME" >&2; exit 1; }
	@if test -x $(RUN); then $(RUN) book/_tools/address.py "$(URL)"; else $(PYTHON) book/_tools/address.py "$(URL)"; fi

scripts: $(READY) ## put today's scripts into the live figures that the notebooks store
	@$(RUN) book/_tools/scripts.py

film: $(READY) ## draw the animation of README and the first page
	@$(RUN) book/_tools/film.py

cards: $(READY) ## write the recall cards of the package into the chapters
	@$(RUN) book/_tools/cards.py

numbers: $(READY) ## number the chapters as _toc.yml lists them, everywhere
	@$(RUN) book/_tools/chapter_numbers.py
	@$(RUN) book/_tools/exercises.py
	@$(RUN) book/_tools/teaching_table.py
	@$(RUN) book/_tools/cards.py

GRID := env -u OMP_NUM_THREADS $(RUN) -m uddm_mini sweep --keep-models --device $(DEVICE)
TRANSITION := --corpus toy --steps 3000 --sizes 16,32,64,96,128,192,256,512,1024,2048,4096,8192
TOY := $(TRANSITION) --seeds 0,1,2,3,4
DOCSTRINGS := --corpus docstrings --unit character --seeds 0,1,2 --steps 2500 --learning-rate 0.005 --neighbors \
	--depth 2 --sizes 16,32,64,128,256,512,1024,2048,all

ENGLISH_TEXT := --corpus wordnet --unit subword --vocab-size 1024 --min-words 4 --max-words 24 --max-subwords 20 \
	--n-held-out 1024
TRAIN_ENGLISH := $(ENGLISH_TEXT) --seeds 0,1,2 --steps 5000 --optimizer muon --time-power 2 --learning-rate 0.004 --warmup 100 \
	--neighbors --neighbor-bias 6 --position-sd 0.02 --sizes 64,128,256,512,1024,2048,4096,8192,32768,all
ENGLISH := $(TRAIN_ENGLISH) --counts --bounds data/sweeps/english-bounds.csv

LARGE_ENGLISH := --width 128 --depth 4
HUGE_ENGLISH := --width 256 --depth 4 --seeds 0

sweep-toy: toy-medium toy-large toy-small toy-cross-entropy toy-epochs toy-few toy-halves toy-details ## compute the transition on the toy language
toy-medium: $(READY)
	$(GRID) $(TOY) --width 32 $(SWEEP) --out data/sweeps/toy-medium
toy-large: $(READY)
	$(GRID) $(TOY) --width 64 --depth 2 --learning-rate 0.005 $(SWEEP) --out data/sweeps/toy-large
toy-small: $(READY)
	$(GRID) $(TOY) --width 16 $(SWEEP) --out data/sweeps/toy-small
toy-cross-entropy: $(READY)
	$(GRID) $(TOY) --width 32 --loss cross_entropy $(SWEEP) --out data/sweeps/toy-cross-entropy
toy-epochs: $(READY)
	$(GRID) $(TOY) --width 32 --epochs 500 --sizes 16,24,32,48,64,96,128,192,256,384,512,1024 $(SWEEP) \
		--out data/sweeps/toy-epochs
toy-few: $(READY)
	$(GRID) $(TOY) --width 32 --sizes 1,2,4,8,16 $(SWEEP) --out data/sweeps/toy-few
toy-halves: $(READY)
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini halves --sizes 16,64,256,1024 --seeds 0,1,2 \
		--width 32 --steps 3000 $(SWEEP) --out data/sweeps/halves.csv

toy-details: toy-medium toy-large toy-small toy-cross-entropy
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) $(SWEEP) $(addprefix data/sweeps/,$^)
	mkdir -p data/models
	for n in 16 64 128 256 1024 8192; do from=data/sweeps/toy-medium/models/n$$n-seed0.safetensors; \
		test ! -e $$from || cp $$from data/models/toy-n$$n.safetensors; done

toy-breaks: $(READY) ## break one number of the recipe at a time: data/breaks.csv
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini breaks $(SWEEP) --out data/breaks.csv

toy-course: $(READY) ## look at networks while they train on more and more sentences: data/course.csv
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini course --device $(DEVICE) --sizes 64,128,256,512,1024,2048,4096 --seeds 0,1,2 --steps 8000 \
		--width 64 --depth 2 --learning-rate 0.003 $(SWEEP) --out data/course.csv

toy-copies: $(READY) ## train with some sentences repeated up to 64 times: data/copies.csv
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini copies --device $(DEVICE) --sizes 512,1024,2048 --seeds 0,1,2 --width 64 --depth 2 \
		--learning-rate 0.005 --steps 3000 $(SWEEP) --out data/copies.csv

toy-planted: $(READY) ## plant random sentences up to 16 times, and measure their exposure: data/planted.csv
	env OMP_NUM_THREADS=1 $(RUN) -m uddm_mini.audit.planted data/planted.csv

toy-attacks: $(READY) ## attack networks of 16 to 8,192 sentences: data/attacks.csv
	env OMP_NUM_THREADS=1 $(RUN) -m uddm_mini.audit.attacks data/attacks.csv

toy-misprints: $(READY) ## train on misprints four ways, and ask at small noise levels: data/misprints.csv
	$(RUN) -m uddm_mini.chapters.robustness_misprints data/misprints.csv

toy-finetune: $(READY) ## fine-tune on 64 and on 4,096 new sentences, and see when the monitor warns: data/finetune.csv
	env OMP_NUM_THREADS=1 $(RUN) -m uddm_mini.audit.finetune data/models/toy-n8192.safetensors data/finetune.csv

toy-finetune-sizes: $(READY) ## fine-tune on 16 to 1,024 new sentences: how many are safe? data/finetune-sizes.csv
	env OMP_NUM_THREADS=1 $(RUN) -m uddm_mini.audit.finetune_sizes data/models/toy-n8192.safetensors data/finetune-sizes.csv
toy-released: $(READY) ## train two networks as another code base would, and write their files: data/models/released-*.ckpt
	env OMP_NUM_THREADS=1 $(RUN) -m uddm_mini.chapters.released_models data/models

# seeds that nobody had seen when the bars of the ledger were set (uddm_mini/chapters/bars.py)
FRESH := $(TRANSITION) --seeds 5,6,7,8,9
EXAMINE := env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --times 0.05,0.1,0.25,0.5,1 --sentences 512 --steps 32 \
	--vanishing 0.01,0.03,0.1,0.3,1
sweep-fresh: fresh-small fresh-medium fresh-large ## compute the transition again with seeds 5 to 9, which decide the ledger
fresh-small: $(READY)
	$(GRID) $(FRESH) --width 16 $(SWEEP) --out data/sweeps/fresh-small
	$(EXAMINE) data/sweeps/fresh-small
fresh-medium: $(READY)
	$(GRID) $(FRESH) --width 32 $(SWEEP) --out data/sweeps/fresh-medium
	$(EXAMINE) data/sweeps/fresh-medium
fresh-large: $(READY)
	$(GRID) $(FRESH) --width 64 --depth 2 --learning-rate 0.005 $(SWEEP) --out data/sweeps/fresh-large
	$(EXAMINE) data/sweeps/fresh-large

# settings that the probe's threshold has never seen
SIDE := env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes side --table side --sentences 512
OTHER_SIZES := 16,32,64,128,256,512,1024,8192
OTHER := --steps 3000 --seeds 0,1,2 --width 32 --sizes $(OTHER_SIZES)
sweep-other: $(OTHERS) ## other language, noise, schedule, backbone, data, too few steps, too much decay
other-grammar: $(READY)
	$(GRID) --corpus kitchen $(OTHER) $(SWEEP) --out data/sweeps/other-grammar
	$(EXAMINE) --corpus kitchen data/sweeps/other-grammar
	$(SIDE) --corpus kitchen data/sweeps/other-grammar
other-misprints: $(READY)
	$(GRID) --corpus misprints $(OTHER) $(SWEEP) --out data/sweeps/other-misprints
	$(EXAMINE) --corpus misprints data/sweeps/other-misprints
	$(SIDE) --corpus misprints data/sweeps/other-misprints
other-mixed: $(READY)
	$(GRID) --corpus mixed $(OTHER) $(SWEEP) --out data/sweeps/other-mixed
	$(EXAMINE) --corpus mixed data/sweeps/other-mixed
	$(SIDE) --corpus mixed data/sweeps/other-mixed
other-absorbing: $(READY)
	$(GRID) $(OTHER) --noise absorbing $(SWEEP) --out data/sweeps/other-absorbing
	$(EXAMINE) data/sweeps/other-absorbing
	$(SIDE) data/sweeps/other-absorbing
other-cosine: $(READY)
	$(GRID) $(OTHER) --schedule cosine $(SWEEP) --out data/sweeps/other-cosine
	$(EXAMINE) data/sweeps/other-cosine
	$(SIDE) data/sweeps/other-cosine
other-convolution: $(READY)
	$(GRID) $(OTHER) --mixing convolution --depth 2 $(SWEEP) --out data/sweeps/other-convolution
	$(EXAMINE) data/sweeps/other-convolution
	$(SIDE) data/sweeps/other-convolution
other-closed: $(READY)
	$(GRID) --corpus closed $(OTHER) $(SWEEP) --out data/sweeps/other-closed
	$(EXAMINE) --corpus closed data/sweeps/other-closed
	$(SIDE) --corpus closed data/sweeps/other-closed
other-short: $(READY)
	$(GRID) $(OTHER) --steps 150 $(SWEEP) --out data/sweeps/other-short
	$(EXAMINE) data/sweeps/other-short
	$(SIDE) data/sweeps/other-short
other-decay: $(READY)
	$(GRID) $(OTHER) --weight-decay 3 $(SWEEP) --out data/sweeps/other-decay
	$(EXAMINE) data/sweeps/other-decay
	$(SIDE) data/sweeps/other-decay

# part of the NELBO, and cross-entropy, beside fresh-medium
LOSSES := --corpus toy --steps 3000 --sizes 16,64,256,1024,8192 --seeds 5,6,7 --width 32
BASINS := env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes repair --table basins --method argmax \
	--times 0.02,0.05,0.1,0.15,0.2,0.25,0.35,0.5 --sentences 512 --sizes 16,64,256,1024,8192 --seeds 5,6,7
toy-losses: fresh-medium ## the reconstruction term alone, cross-entropy, the NELBO: which digs the widest basins?
	$(GRID) $(LOSSES) --t-max 0.05 $(SWEEP) --out data/sweeps/loss-reconstruction
	$(GRID) $(LOSSES) --loss cross_entropy $(SWEEP) --out data/sweeps/loss-cross-entropy
	$(BASINS) data/sweeps/loss-reconstruction data/sweeps/loss-cross-entropy data/sweeps/fresh-medium

# longer sentences, more words: does the passage get sharper? (fresh-large has 14 words of 102)
SHARP := --steps 3000 --seeds 5,6,7 --width 64 --depth 2 --learning-rate 0.005 --sizes 16,32,64,96,128,192,256,512,1024,8192
toy-sharp: $(READY) ## sentences twice as long, two and four times as many words
	$(GRID) --corpus long2 $(SHARP) $(SWEEP) --out data/sweeps/sharp-long2
	$(GRID) --corpus words2 $(SHARP) $(SWEEP) --out data/sweeps/sharp-words2
	$(GRID) --corpus words4 $(SHARP) $(SWEEP) --out data/sweeps/sharp-words4

toy-million: $(READY) ## long after the transition: up to a million sentences, each as often as the language says it
	$(GRID) --corpus toy --pool 1000000 --repeats --steps 3000 --sizes 8192,32768,131072,1000000 --seeds 0,1,2 \
		--width 64 --depth 2 --learning-rate 0.005 $(SWEEP) --out data/sweeps/toy-million
	$(EXAMINE) --pool 1000000 --repeats data/sweeps/toy-million

toy-spins: $(READY) ## spins instead of words: the same transition, and basins as wide as margins say
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini spins --sizes 8,16,32,48,64,96,128,192,256,512,1024,2048 \
		--seeds 5,6,7,8,9 $(SWEEP) --out data/sweeps/spins.csv

# the same models by the protocol of the paper, by a local memory, and from left to right
FEW := --sizes 16,64,256,8192 --seeds 5,6,7
toy-protocol: fresh-medium ## one guess, walks of 32 and of 1,000 steps; a local memory; word after word
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes repair --table protocol-argmax --method argmax \
		--times 0.05,0.1,0.25,0.5,1 --sentences 256 --entropy-t 0.00001 $(FEW) data/sweeps/fresh-medium
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes repair --table protocol-32 --method reverse --steps 32 \
		--times 0.05,0.1,0.25,0.5,1 --sentences 256 --entropy-t 0.00001 $(FEW) data/sweeps/fresh-medium
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes repair --table protocol-1000 --method reverse --steps 1000 \
		--times 0.05,0.1,0.25,0.5,1 --sentences 256 --entropy-t 0.00001 $(FEW) data/sweeps/fresh-medium
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes local --table local --sentences 512 data/sweeps/fresh-medium
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes along --table along $(FEW) data/sweeps/fresh-medium
	$(SIDE) data/sweeps/fresh-small data/sweeps/fresh-medium data/sweeps/fresh-large

sweep-docstrings: docstrings-small docstrings-large ## compute the transition on real text
docstrings-small: $(READY)
	$(GRID) $(DOCSTRINGS) --width 32 $(SWEEP) --out data/sweeps/docstrings-small
	for n in 64 512 4583; do from=data/sweeps/docstrings-small/models/n$$n-seed0.safetensors; \
		test ! -e $$from || cp $$from data/models/docstrings-n$$n.safetensors; done
docstrings-large: $(READY)
	$(GRID) $(DOCSTRINGS) --width 64 $(SWEEP) --out data/sweeps/docstrings-large

sweep-english: english-small english-medium english-large english-huge english-steps ## compute the transition on WordNet, by subwords (README)
english-small: $(READY)
	$(GRID) $(ENGLISH) --width 24 --depth 1 $(SWEEP) --out data/sweeps/english-small
english-medium: $(READY)
	$(GRID) $(ENGLISH) --width 64 --depth 2 $(SWEEP) --out data/sweeps/english-medium
english-large: $(READY)
	$(GRID) $(ENGLISH) $(LARGE_ENGLISH) $(SWEEP) --out data/sweeps/english-large
english-huge: $(READY)
	$(GRID) $(ENGLISH) $(HUGE_ENGLISH) $(SWEEP) --out data/sweeps/english-huge
# what more steps buy, with all sentences
english-steps: $(READY)
	$(GRID) $(ENGLISH) $(LARGE_ENGLISH) --sizes all --steps 2500 $(SWEEP) --out data/sweeps/english-steps-2500
	$(GRID) $(ENGLISH) $(LARGE_ENGLISH) --sizes all --steps 10000 $(SWEEP) --out data/sweeps/english-steps-10000
	$(GRID) $(ENGLISH) $(HUGE_ENGLISH) --sizes all --steps 10000 $(SWEEP) --out data/sweeps/english-huge-10000

# networks of English that the probe's threshold has never seen
SIDE_ENGLISH := $(GRID) $(TRAIN_ENGLISH) --seeds 3,4,5
english-sides: $(READY) ## on which side are networks of English? the frozen probe on seeds 3 to 5
	$(SIDE_ENGLISH) --width 24 --depth 1 $(SWEEP) --out data/sweeps/side-english-small
	$(SIDE_ENGLISH) --width 64 --depth 2 $(SWEEP) --out data/sweeps/side-english-medium
	$(SIDE_ENGLISH) $(LARGE_ENGLISH) $(SWEEP) --out data/sweeps/side-english-large
	$(SIDE) $(ENGLISH_TEXT) data/sweeps/side-english-small data/sweeps/side-english-medium data/sweeps/side-english-large
# fifty passes over all sentences, 512 in a step: for a GPU
english-long: $(READY) ## what a network of English knows that trained long
	$(GRID) $(ENGLISH) --width 256 --depth 4 --batch-size 512 --sizes all --steps 10000 $(SWEEP) --out data/sweeps/english-long
# of kept models: function words, content words, pieces, and bands of frequency, in all held-out text
english-classes: english-large english-long ## which subwords does a network of English stay certain of?
	env -u OMP_NUM_THREADS $(RUN) -m uddm_mini examine --device $(DEVICE) --probes classes --table classes --method argmax \
		--times 0.25 --sentences 1024 --sizes 64,103022 --seeds 0 $(ENGLISH_TEXT) $(addprefix data/sweeps/,$^)

clean: ## remove what was built; .venv stays
	rm -rf _build build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find book uddm_mini tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# incremental, but from nothing when the structure of the book changed (unchanged pages would keep an old sidebar)
define build
all=; for f in _config.yml _toc.yml book/references.bib $(wildcard book/static/*.* book/_templates/* book/_tools/p*.py); do \
	test _build/.structure -nt $$f || all=--all; done; \
$(JB) build . $$all --quiet && touch _build/.structure
endef

# from a copy of the sources that has no solution in it
define build_student
rm -rf _build/student && $(RUN) book/_tools/student_edition.py _build/student/source && \
$(JB) build _build/student/source --all --path-output _build/student --quiet
endef
