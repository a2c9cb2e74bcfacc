"""Fixtures that every level of test uses, and the guard that keeps tests off the network."""

import ipaddress
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# the same examples every time: a run fails because of a change, not of luck.
# For other examples: --hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the repository, which is not part of it: tests that need it skip without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data folder beside the repository")
    return folder


@pytest.fixture(scope="session")
def bubblewrap():
    """Skips where there is no bubblewrap, or where it may not create namespaces."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    alone = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    tried = subprocess.run(alone, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"bubblewrap cannot create namespaces here: {tried.stderr.strip()}")


def is_loopback(host: object) -> bool:
    """Whether `host` (a name or an address) is this machine itself, without asking a name server."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """No socket of the test process but loopback: an address elsewhere is refused, a name is unknown."""
    patch = pytest.MonkeyPatch()
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}
    real_getaddrinfo = socket.getaddrinfo

    def guarded(name):
        def connect(self, address):
            if self.family != socket.AF_UNIX and not is_loopback(address[0]):
                raise ConnectionRefusedError(f"tests reach loopback only, not {address[0]}")
            return real[name](self, address)

        return connect

    def getaddrinfo(host, *args, **kwargs):
        if not is_loopback(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests reach loopback only, not {host!r}")
        return real_getaddrinfo(host, *args, **kwargs)

    for name in real:
        patch.setattr(socket.socket, name, guarded(name))
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def tiny_qwen2(tmp_path_factory):
    """Builds a model of Qwen2's architecture whose next byte depends on the last one only, as `follow` says.

    After a byte that `follow` does not name it ends. One token a byte; `bos` puts <|bos|> before a text.
    """

    def build(follow: dict[str, str], *, context: int = 4096, bos: bool = False) -> Path:
        import torch  # noqa: PLC0415  # heavy, and for few tests
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors  # noqa: PLC0415  # heavy, and for few tests
        from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM  # noqa: PLC0415  # heavy, and for few tests

        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        specials = ["<|endoftext|>", "<|bos|>"]
        vocabulary = {name: number for number, name in enumerate([*letters, *specials])}
        tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.decoder = decoders.ByteLevel()
        if bos:
            pair = ("<|bos|>", vocabulary["<|bos|>"])
            tokenizer.post_processor = processors.TemplateProcessing(
                single="<|bos|> $A", special_tokens=[pair]
            )
        folder = tmp_path_factory.mktemp("tiny-qwen2")
        fast = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, eos_token="<|endoftext|>", bos_token="<|bos|>" if bos else None
        )
        fast.save_pretrained(folder)

        end, width = vocabulary["<|endoftext|>"], 512
        config = Qwen2Config(
            vocab_size=width,
            hidden_size=width,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=8,
            num_key_value_heads=8,
            max_position_embeddings=context,
            eos_token_id=end,
            bos_token_id=vocabulary["<|bos|>"] if bos else None,
            tie_word_embeddings=False,
        )
        model = Qwen2ForCausalLM(config)
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "o_proj" in name or "down_proj" in name:
                    weights.zero_()  # no layer adds anything: the last token alone decides
            model.model.embed_tokens.weight.copy_(torch.eye(width))
            model.lm_head.weight.zero_()
            follows = {vocabulary[a]: vocabulary[b] for a, b in follow.items()}
            for number in range(len(vocabulary)):
                model.lm_head.weight[follows.get(number, end), number] = 1.0
        model.save_pretrained(folder)
        return folder

    return build


@pytest.fixture(scope="session")
def tiny_learner(tiny_qwen2, tmp_path_factory):
    """A saved model that is trained in milliseconds: random weights, one token a byte, a context of 128."""
    import torch  # noqa: PLC0415  # heavy, and for few tests
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM  # noqa: PLC0415  # heavy, and for few tests

    folder = tmp_path_factory.mktemp("tiny-learner")
    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen2({}))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(20)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder
