# Debian packages of what is installed, one a component: parallax-server, parallax-client and python3-parallax-lab
# (Debian has a python3-parallax, which is another program). Build them with
#   cmake --build --preset release && cpack --config build/release/CPackConfig.cmake -B build/packages
set(_packages ${PROJECT_SOURCE_DIR}/deploy/packages)
find_program(PARALLAX_GZIP NAMES gzip REQUIRED)

# Installs a file packed as Debian wants changelogs and manual pages: without time or name, so that builds agree.
function(parallax_install_packed component source name destination)
  set(_packed ${CMAKE_BINARY_DIR}/packages/${component}/${name}.gz)
  cmake_path(GET _packed PARENT_PATH _folder)
  file(MAKE_DIRECTORY ${_folder})
  execute_process(COMMAND ${PARALLAX_GZIP} -9nc ${source} OUTPUT_FILE ${_packed} COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${_packed} DESTINATION ${destination} COMPONENT ${component})
endfunction()

# parallax_package_documents(server parallax-server FILE...): what Debian asks of every package, and documents of this one.
function(parallax_package_documents component package)
  set(_changelog ${CMAKE_BINARY_DIR}/packages/${component}/changelog)
  configure_file(${_packages}/changelog.in ${_changelog} @ONLY)
  parallax_install_packed(${component} ${_changelog} changelog share/doc/${package})
  parallax_install_packed(${component} ${PROJECT_SOURCE_DIR}/CHANGELOG.md NEWS.md share/doc/${package})
  install(FILES ${_packages}/copyright ${ARGN} DESTINATION share/doc/${package} COMPONENT ${component})
endfunction()

parallax_package_documents(server parallax-server ${PROJECT_SOURCE_DIR}/docs/operations.md
                           ${PROJECT_SOURCE_DIR}/deploy/grafana.json)
parallax_package_documents(client parallax-client)
parallax_package_documents(python python3-parallax-lab ${PROJECT_SOURCE_DIR}/client/python/README.md)
# Absolute, since systemd and dpkg look nowhere else.
install(FILES ${PROJECT_SOURCE_DIR}/deploy/parallaxd.service DESTINATION /lib/systemd/system COMPONENT server)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/parallaxd.toml DESTINATION /etc/parallax COMPONENT server)
install(FILES ${_packages}/parallax-server.conf DESTINATION lib/sysusers.d COMPONENT server)
parallax_install_packed(server ${_packages}/parallaxd.8 parallaxd.8 share/man/man8)
parallax_install_packed(client ${_packages}/parallax.1 parallax.1 share/man/man1)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME parallax)
set(CPACK_PACKAGE_VENDOR parallax)
set(CPACK_PACKAGE_CONTACT "parallax maintainers <maintainers@parallax.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL server client python)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME parallax-server)
set(CPACK_DEBIAN_SERVER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_COMPONENT_SERVER_DESCRIPTION "daemon that holds lab instruments against their digital twins
Takes in what furnaces and sensors stream over gRPC, keeps it durably, and
answers whether there is a gap to the digital twin, what causes it and which
parameter values close it. Serves a dashboard and metrics by HTTP.")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    "${_packages}/postinst;${_packages}/prerm;${_packages}/postrm;${_packages}/conffiles")

set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME parallax-client)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_CLIENT_DESCRIPTION "command line of parallax
Registers rigs, replays recordings, watches runs and shows the reports of a
parallax daemon.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-parallax-lab)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3, python3-grpcio, python3-protobuf, python3-numpy")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "python3-pandas")
# Another program whose module has the same name.
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONFLICTS "python3-parallax")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "Python client of parallax
Pushes samples of a lab script to a parallax daemon, reads series as arrays
or data frames, and shows reports with their figures in notebooks.")

include(CPack)
