import os
import unittest

from derive import dockerfile, requirements, vllm

from ..support.image_python import folder, write

# Excerpts of what vLLM published
DOCKERFILE_0_9_1 = """\
ARG CUDA_VERSION=12.8.1
#################### BASE BUILD IMAGE ####################
FROM nvidia/cuda:${CUDA_VERSION}-devel-ubuntu20.04 AS base
ARG CUDA_VERSION=12.8.1
ARG PYTHON_VERSION=3.12
ARG TARGETPLATFORM
ARG torch_cuda_arch_list='7.0 7.5 8.0 8.9 9.0+PTX'
FROM nvidia/cuda:${CUDA_VERSION}-devel-ubuntu22.04 AS vllm-base
ARG CUDA_VERSION=12.8.1
ARG PYTHON_VERSION=3.12
"""
DOCKERFILE_0_33_0 = """\
ARG CUDA_VERSION=13.0.3
ARG PYTHON_VERSION=3.12
ARG UBUNTU_VERSION=24.04
ARG TRITON_INSTALL_FROM_SOURCE_REPO=
ARG FINAL_BASE_IMAGE=nvidia/cuda:${CUDA_VERSION}-base-ubuntu${UBUNTU_VERSION}
ARG DEADSNAKES_MIRROR_URL
ARG GET_PIP_URL="https://bootstrap.pypa.io/get-pip.py"
ARG INSTALL_KV_CONNECTORS=false

FROM ${BUILD_BASE_IMAGE} AS base

ARG CUDA_VERSION
ARG PYTHON_VERSION
"""
WHEEL = (
    '      - "DOCKER_BUILDKIT=1 docker build --build-arg max_jobs=16 --build-arg CUDA_VERSION=12.9.1 --tag '
    'vllm-ci:build-image '
    '--target build --progress plain -f docker/Dockerfile ."\n'
)
IMAGE = (
    '      - "DOCKER_BUILDKIT=1 docker build --build-arg max_jobs=16 --build-arg CUDA_VERSION=%s --build-arg '
    'INSTALL_KV_CONNECTORS=true '
    '--tag public.ecr.aws/q9t5s3a7/vllm-release-repo:$BUILDKITE_COMMIT-$(uname -m)%s --target vllm-openai '
    '--progress plain -f docker/Dockerfile ."\n'
)
PIPELINE_0_14_0 = WHEEL + IMAGE % ("13.0.2", "-cu130") + IMAGE % ("12.9.1", "")
PIPELINE_0_33_0 = """\
      - label: "Build release image - x86_64 - Rubin CUDA 13.4"
          - |
            DOCKER_BUILDKIT=1 docker buildx build --load \\
              $(bash .buildkite/scripts/docker-build-metadata-args.sh cu134) \\
              --build-arg CUDA_VERSION=13.4 \\
              --target vllm-openai \\
              -f docker/Dockerfile .
      - label: "Build release image - x86_64 - CUDA 13.0"
          - |
            DOCKER_BUILDKIT=1 docker build \\
              $(bash .buildkite/scripts/docker-build-metadata-args.sh) \\
              --build-arg CUDA_VERSION=13.0.2 \\
              --build-arg torch_cuda_arch_list="${CUDA_ARCH_X86}" \\
              --build-arg INSTALL_KV_CONNECTORS=true \\
              --target vllm-openai \\
              --progress plain \\
              -f docker/Dockerfile .
          - "docker push public.ecr.aws/q9t5s3a7/vllm-release-repo:$BUILDKITE_COMMIT-$(uname -m)"
"""
CPU = (
    '      - "docker build --build-arg CUDA_VERSION=1 --target vllm-openai --tag vllm-cpu -f docker/Dockerfile.cpu ."\n'
)
CONNECTORS_0_20_0 = """\
lmcache >= 0.3.9
nixl[cu13] >= 0.7.1, <= 0.10.1 # Required for disaggregated prefill
nixl-cu13 >= 0.7.1, <= 0.10.1
mooncake-transfer-engine >= 0.3.8
"""
CONNECTORS_0_33_0 = """\
lmcache >= 0.5.6
# CuPy 14.1.0 imports pytest from cupy.testing._random, which breaks runtime
cupy-cuda13x != 14.1.0
nixl == 1.5.0
mooncake-transfer-engine >= 0.3.12
"""
METADATA = (
    "Metadata-Version: 2.4\nName: vllm\nRequires-Dist: torch==2.14.0\nRequires-Dist: torchaudio==2.11.0\n"
    "Requires-Dist: torchvision==0.29.0\n"
)


class DockerfileTest(unittest.TestCase):
    def test_has_the_arguments_of_the_whole_file_and_those_that_all_stages_give_the_same(self):
        for text, expected in (
            (DOCKERFILE_0_9_1, {"CUDA_VERSION": "12.8.1", "PYTHON_VERSION": "3.12"}),
            (DOCKERFILE_0_33_0, {"CUDA_VERSION": "13.0.3", "PYTHON_VERSION": "3.12", "INSTALL_KV_CONNECTORS": "false"}),
            ("ARG A=1\nFROM x\nARG A=2\nARG B='1'\nFROM y\nARG B=2\n", {"A": "1", "B": None}),
            ("from x\narg A=1\n", {"A": None}),
            ("", {"A": None}),
        ):
            found = dockerfile.defaults(text)
            self.assertEqual({name: found.get(name) for name in expected}, expected)

    def test_takes_the_arguments_of_the_plain_image_from_the_release_pipeline(self):
        for text, cuda in (
            (PIPELINE_0_14_0, "12.9.1"),
            (PIPELINE_0_33_0, "13.0.2"),
            (CPU + IMAGE % ("12.8.1", ""), "12.8.1"),
            (WHEEL + CPU, None),
            (IMAGE % ("12.9.1", "-cu129"), None),
            ("", None),
        ):
            self.assertEqual((dockerfile.of_release(text) or {}).get("CUDA_VERSION"), cuda)


class RequirementsTest(unittest.TestCase):
    def test_pin_a_version(self):
        for text, expected in (
            (CONNECTORS_0_33_0, "1.5.0"),
            (CONNECTORS_0_20_0, None),
            ("nixl >= 0.7.1 # Required", None),
            ("lmcache", None),
            ("nixl==1.4.*", None),
            ("NIXL==1.4.1; sys_platform == 'linux'", "1.4.1"),
            ("nixl==1.4.1; sys_platform == 'win32'", None),
            ("-r other.txt\n--index-url https://x\nnixl==1.4.1 # nixl==1.5.0", "1.4.1"),
            ("nixl==1.4.1\nnixl==1.5.0; platform_machine == 'x86_64'", None),
            ("nixl @ git+https://example/nixl", None),
            ("what is this?\nnixl==1.5.0", "1.5.0"),
        ):
            with self.subTest(text):
                self.assertEqual(requirements.pinned(requirements.of_file(text), "nixl"), expected)

    def test_of_an_extra_are_none_of_the_package_unless_it_is_named(self):
        text = "Requires-Dist: torch==2.7.1; extra == 'srt'\nRequires-Dist: torch==2.6.0; extra == 'other'\n"
        self.assertEqual(
            [requirements.pinned(requirements.of_metadata(text, extra), "torch") for extra in ("", "srt")],
            [None, "2.7.1"],
        )


class VllmTest(unittest.TestCase):
    def test_says_what_its_image_has(self):
        texts = {
            vllm.DOCKERFILE: DOCKERFILE_0_33_0,
            vllm.PIPELINE: PIPELINE_0_33_0,
            vllm.CONNECTORS: CONNECTORS_0_33_0,
            vllm.METADATA: METADATA,
        }
        for left_out, expected in (
            (None, {"python": "3.12", "torch": "2.14.0", "cuda": "13.0", "nixl": "1.5.0"}),
            # Its Dockerfile alone does not install connectors
            (vllm.PIPELINE, {"python": "3.12", "torch": "2.14.0", "cuda": "13.0"}),
            (vllm.DOCKERFILE, {"torch": "2.14.0", "cuda": "13.0", "nixl": "1.5.0"}),
            (vllm.CONNECTORS, {"python": "3.12", "torch": "2.14.0", "cuda": "13.0"}),
            (vllm.METADATA, {"python": "3.12", "cuda": "13.0", "nixl": "1.5.0"}),
        ):
            found = vllm.of_texts({path: text for path, text in texts.items() if path != left_out})
            self.assertEqual({field: value for field, (value, _) in found.items()}, expected)

    def test_that_installs_no_connectors_has_no_nixl_unless_its_dockerfile_installs_it(self):
        image = IMAGE.replace("--build-arg INSTALL_KV_CONNECTORS=true ", "") % ("12.8.1", "")
        for own, expected in (
            (DOCKERFILE_0_9_1, "none"),
            (DOCKERFILE_0_9_1 + "RUN bash install_nixl.sh --force\n", None),
        ):
            found = vllm.of_texts({vllm.DOCKERFILE: own, vllm.PIPELINE: image})
            self.assertEqual(found.get("nixl", (None,))[0], expected)

    def test_names_the_file_that_raises_on_an_older_nixl(self):
        top = os.path.join(folder(self), "vllm")
        write(os.path.join(top, "old.py"), 'def start():\n    check_nixl_version("1.4.0")\n')
        write(
            os.path.join(top, "v1", "worker.py"),
            'class Worker:\n    def __init__(self):\n        check_nixl_version("1.5.0")\n',
        )
        write(os.path.join(top, "other.py"), 'assert_pkg_version("lmcache", "9.0.0", "why")\n')
        write(os.path.join(top, "broken.py"), 'check_nixl_version("7.0.0"\n')
        version, source = vllm.of_sources(top)["nixlFloor"]
        self.assertEqual((version, source.split()[0]), ("1.5.0", "vllm/v1/worker.py"))

    def test_that_raises_on_none_has_no_floor(self):
        self.assertEqual(vllm.of_sources(os.path.join(folder(self), "vllm")), {})
