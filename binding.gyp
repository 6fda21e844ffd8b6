# The shipped build: one addon out of the core and the binding. CMakeLists.txt is the developers'.
{
  "targets": [
    {
      "target_name": "shardwatch",
      "sources": [
        "<!@(node -p \"const {core, binding} = require('./native/sources.json'); [...core, ...binding].join(' ')\")"
      ],
      "include_dirs": [".", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=9",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # Otherwise terminating a worker during a native call aborts the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "configurations": {
        # Who uses it gets no assertions; every developers' build has them.
        "Release": { "defines": ["NDEBUG"] }
      },
      "cflags": ["-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"],
      "cflags_cc": [
        "-std=c++20", "-fvisibility-inlines-hidden", "-Wpedantic", "-Wshadow", "-Wconversion",
        "-Wnon-virtual-dtor"
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "GCC_TREAT_WARNINGS_AS_ERRORS": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++20", "/WX"] }
      },
      "conditions": [
        ["OS=='linux'", {
          # As system headers, which are not held to our warnings. Relative to build/.
          "cflags_cc": ["-isystem../<!(node -p \"require('node-addon-api').include_dir\")"],
          # nodelete: an addon that only workers loaded is unloaded with the last of them, statics
          # and all, unless the linker forbids it.
          "ldflags": [
            "-Wl,-z,nodelete", "-Wl,-Bsymbolic", "-Wl,--exclude-libs,ALL",
            "-Wl,--gc-sections",
            # With the standard library inside, the addon loads wherever Node does. Some systems
            # have it as a package of its own, and link the shared one where it is missing.
            "<!@(${CXX:-c++} -print-file-name=libstdc++.a | grep -q / && echo -static-libstdc++ || true)"
          ]
        }]
      ]
    }
  ]
}
